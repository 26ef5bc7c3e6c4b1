import math

import torch
from torch import nn


class AffineCoupling(nn.Module):
    def __init__(self, dim, flip, hidden=48):
        super().__init__()
        self.flip, self.half = flip, dim // 2
        self.net = nn.Sequential(nn.Linear(self.half, hidden), nn.Tanh(), nn.Linear(hidden, 2 * self.half))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, x):
        a, b = x.chunk(2, dim=1)
        if self.flip:
            a, b = b, a
        s, t = self.net(a).chunk(2, dim=1)
        s = torch.tanh(s)
        b = b * torch.exp(s) + t
        out = torch.cat([b, a] if self.flip else [a, b], dim=1)
        return out, s.sum(dim=1)


class RealNVP(nn.Module):
    def __init__(self, dim=2, n_layers=6):
        super().__init__()
        self.dim = dim
        self.layers = nn.ModuleList(AffineCoupling(dim, flip=i % 2 == 1) for i in range(n_layers))

    def log_prob(self, x):
        z, log_det = x, x.new_zeros(len(x))
        for layer in self.layers:
            z, ld = layer(z)
            log_det = log_det + ld
        base = -0.5 * (z.pow(2).sum(dim=1) + self.dim * math.log(2 * math.pi))
        return base + log_det


def banana(n):
    x1 = torch.randn(n)
    x2 = 0.3 * torch.randn(n) + 0.5 * x1**2
    return torch.stack([x1, x2], dim=1)


def main():
    torch.manual_seed(55)
    train, held_out = banana(4000), banana(1000)
    flow = RealNVP()
    opt = torch.optim.Adam(flow.parameters(), lr=3e-3)
    for it in range(1, 301):
        batch = train[torch.randint(0, len(train), (256,))]
        nll = -flow.log_prob(batch).mean()
        opt.zero_grad()
        nll.backward()
        opt.step()
        if it % 100 == 0:
            with torch.no_grad():
                print(f"{it:4d}  train nll {nll.item():.3f}  held-out nll {-flow.log_prob(held_out).mean().item():.3f}")


if __name__ == "__main__":
    main()
