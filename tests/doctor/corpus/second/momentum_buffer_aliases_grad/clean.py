import torch
from torch import nn
from torch.optim import Optimizer


class HeavyBall(Optimizer):
    """Plain heavy ball: v <- mu v + g, w <- w - lr v."""

    def __init__(self, params, lr=0.01, mu=0.9):
        super().__init__(params, dict(lr=lr, mu=mu))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "v" not in state:
                    state["v"] = p.grad.clone()
                else:
                    state["v"].mul_(group["mu"]).add_(p.grad)
                p.add_(state["v"], alpha=-group["lr"])
        return loss


def ring(n, gen):
    r = torch.rand(n, 1, generator=gen) * 2
    a = torch.rand(n, 1, generator=gen) * 6.2832
    return torch.cat([r * a.cos(), r * a.sin()], 1), (r > 1).float()


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    x, y = ring(600, gen)
    xv, yv = ring(300, gen)
    net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
    opt = HeavyBall(net.parameters(), lr=0.02, mu=0.9)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(12):
        net.train()
        for idx in torch.randperm(600).split(60):
            opt.zero_grad(set_to_none=False)
            bce(net(x[idx]), y[idx]).backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        print("validation loss", round(bce(net(xv), yv).item(), 4))
