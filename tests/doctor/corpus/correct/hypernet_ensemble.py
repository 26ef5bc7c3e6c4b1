"""A hypernetwork writes the weights of a target MLP per task (batched bmm); unseen tasks come from disjoint generators; deep ensemble of five."""
import torch
from torch import nn


class Target:
    """Shapes of a 1-16-1 MLP whose weights are no parameters but outputs of another network."""

    shapes = {"w1": (16, 1), "b1": (16,), "w2": (1, 16), "b2": (1,)}
    size = sum(torch.Size(s).numel() for s in shapes.values())

    @classmethod
    def run(cls, flat, x):  # flat (B, P), x (B, N, 1)
        parts = flat.split([torch.Size(s).numel() for s in cls.shapes.values()], 1)
        w = {k: p.view(-1, *s) for (k, s), p in zip(cls.shapes.items(), parts)}
        h = torch.tanh(torch.baddbmm(w["b1"].unsqueeze(1), x, w["w1"].mT))
        return torch.baddbmm(w["b2"].unsqueeze(1), h, w["w2"].mT)


class Hyper(nn.Module):
    def __init__(self, d=64):
        super().__init__()
        self.point = nn.Sequential(nn.Linear(2, d), nn.ReLU(), nn.Linear(d, d))
        self.write = nn.Sequential(nn.ReLU(), nn.Linear(d, d), nn.ReLU(), nn.Linear(d, Target.size))
        with torch.no_grad():
            self.write[-1].weight.mul_(0.3)  # keeps generated weights in the range of an ordinary initialisation
            self.write[-1].bias.copy_(0.5 * torch.randn(Target.size))

    def forward(self, xs, ys, xq):
        code = self.point(torch.cat([xs, ys], -1)).mean(1)  # order of the support points does not matter
        return Target.run(self.write(code), xq)


def tasks(n, g, k=12, q=16):
    a = 0.5 + torch.rand(n, 1, 1, generator=g)
    b = 2 * torch.rand(n, 1, 1, generator=g) - 1
    x = 4 * torch.rand(n, k + q, 1, generator=g) - 2
    y = a * torch.sin(2 * x) + b
    return x[:, :k], y[:, :k], x[:, k:], y[:, k:]


def train(seed, steps):
    torch.manual_seed(seed)
    g = torch.Generator().manual_seed(100 + seed)  # every member has its own start and its own stream
    net = Hyper()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=steps)
    for _ in range(steps):
        xs, ys, xq, yq = tasks(48, g)
        loss = (net(xs, ys, xq) - yq).square().mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        sched.step()
    return net.eval()


def main(members=5, steps=130):
    nets = [train(s, steps) for s in range(members)]
    xs, ys, xq, yq = tasks(300, torch.Generator().manual_seed(9))
    with torch.inference_mode():
        pred = torch.stack([n(xs, ys, xq) for n in nets])
        single = (pred - yq).square().mean((1, 2, 3))
        mean = pred.mean(0)
        together = (mean - yq).square().mean().item()
        level = (ys.mean(1, keepdim=True) - yq).square().mean().item()
        spread, error = pred.std(0).flatten(), (mean - yq).abs().flatten()
        corr = torch.corrcoef(torch.stack([spread, error]))[0, 1].item()
    print(f"mean of the support alone {level:.3f}")
    print(f"members {[round(v, 4) for v in single.tolist()]} ensemble {together:.4f}")
    print(f"correlation of disagreement and error {corr:.2f}")
    assert together <= single.mean().item() + 1e-6  # Jensen


if __name__ == "__main__":
    main()
