import math
from typing import Tuple

import torch
from torch import Tensor, nn


class Coupling(nn.Module):
    def __init__(self, dim: int, hidden: int, flip: bool):
        super().__init__()
        mask = torch.arange(dim) % 2
        self.register_buffer("mask", (1 - mask if flip else mask).float())
        self.s = nn.Sequential(nn.Linear(dim, hidden), nn.Tanh(), nn.Linear(hidden, dim))
        self.t = nn.Sequential(nn.Linear(dim, hidden), nn.Tanh(), nn.Linear(hidden, dim))
        self.scale = nn.Parameter(torch.zeros(dim))

    def _st(self, kept: Tensor) -> Tuple[Tensor, Tensor]:
        s = torch.tanh(self.s(kept)) * self.scale.exp() * (1 - self.mask)
        return s, self.t(kept) * (1 - self.mask)

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        kept = x * self.mask
        s, t = self._st(kept)
        z = kept + (1 - self.mask) * (x - t) * torch.exp(-s)
        return z, -s.sum(dim=1)

    def inverse(self, z: Tensor) -> Tensor:
        kept = z * self.mask
        s, t = self._st(kept)
        return kept + (1 - self.mask) * (z * torch.exp(s) + t)


class Flow(nn.Module):
    def __init__(self, dim: int = 2, layers: int = 6, hidden: int = 32):
        super().__init__()
        self.layers = nn.ModuleList([Coupling(dim, hidden, bool(i % 2)) for i in range(layers)])
        self.dim = dim

    def log_prob(self, x: Tensor) -> Tensor:
        log_det = x.new_zeros(x.size(0))
        for layer in self.layers:
            x, ld = layer(x)
            log_det = log_det + ld
        base = -0.5 * (x.pow(2).sum(1) + self.dim * math.log(2 * math.pi))
        return base + log_det

    @torch.no_grad()
    def sample(self, n: int) -> Tensor:
        z = torch.randn(n, self.dim)
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z


def moons(n: int, gen: torch.Generator) -> Tensor:
    t = torch.rand(n, generator=gen) * math.pi
    side = torch.randint(0, 2, (n,), generator=gen).float()
    x = torch.where(side > 0, 1 - t.cos(), t.cos())
    y = torch.where(side > 0, 0.5 - t.sin(), t.sin())
    return torch.stack([x, y], 1) + 0.08 * torch.randn(n, 2, generator=gen)


def main() -> None:
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    train, test = moons(1000, gen), moons(300, gen)
    mu, sigma = train.mean(0), train.std(0)
    train, test = (train - mu) / sigma, (test - mu) / sigma
    flow = Flow()
    opt = torch.optim.Adam(flow.parameters(), lr=5e-3)
    for epoch in range(6):
        flow.train()
        for batch in train[torch.randperm(len(train))].split(100):
            nll = -flow.log_prob(batch).mean()
            opt.zero_grad()
            nll.backward()
            opt.step()
        flow.eval()
        with torch.no_grad():
            print(epoch, -flow.log_prob(test).mean().item())
    x = flow.sample(5) * sigma + mu
    print(x)


if __name__ == "__main__":
    main()
