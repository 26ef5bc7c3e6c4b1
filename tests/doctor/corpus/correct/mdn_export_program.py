"""Trains a mixture density network, exports it and checks that the exported program gives the same answers."""
import io
from typing import Dict, List

import torch
from torch import Tensor, nn


class Mixture(nn.Module):
    """A mixture density network: predicts the parameters of K Gaussians."""

    def __init__(self, k: int = 3) -> None:
        super().__init__()
        self.k = k
        self.body = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 3 * k))

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        logit, mean, raw = self.body(x).chunk(3, dim=1)
        return {"logit": logit, "mean": mean, "scale": nn.functional.softplus(raw) + 1e-3}


def nll(p: Dict[str, Tensor], y: Tensor) -> Tensor:
    comp = torch.distributions.Normal(p["mean"], p["scale"]).log_prob(y)      # y is (n, 1), the rest (n, k)
    return -torch.logsumexp(torch.log_softmax(p["logit"], 1) + comp, dim=1).mean()


def make(n: int) -> List[Tensor]:
    y = torch.rand(n, 1) * 2 - 1
    return [y + 0.3 * torch.sin(6.2832 * y) + 0.05 * torch.randn(n, 1), y]     # the inverse problem has several answers


def main() -> None:
    torch.manual_seed(0)
    (xt, yt), (xv, yv) = make(1500), make(400)
    net = Mixture()
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    for epoch in range(12):
        net.train()
        for i in torch.randperm(len(xt)).split(100):
            loss = nll(net(xt[i]), yt[i])
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            opt.step()
        net.eval()
        with torch.no_grad():
            val = nll(net(xv), yv).item()
        if epoch % 3 == 2:
            print(f"epoch {epoch + 1}: val nll {val:.3f}")       # a density: below zero is possible

    program = torch.export.export(net, (xv[:8],), dynamic_shapes={"x": {0: torch.export.Dim("n", min=2)}})
    again = program.module()
    with torch.no_grad():
        diff = max((again(xv)[k] - v).abs().max().item() for k, v in net(xv).items())
    blob = io.BytesIO()
    torch.save(net.state_dict(), blob)
    print(f"largest difference of the exported program {diff:.1e}; weights take {blob.tell()} bytes")


if __name__ == "__main__":
    main()
