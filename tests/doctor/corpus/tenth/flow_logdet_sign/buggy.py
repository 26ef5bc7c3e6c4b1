"""Density estimation with a small RealNVP (affine couplings, bounded scales)."""
import math

import torch
from torch import nn


class Coupling(nn.Module):
    def __init__(self, flip, hidden=32):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 2))

    def params(self, a):
        s, t = self.net(a).chunk(2, dim=1)
        return 1.5 * torch.tanh(s), t

    def forward(self, x):
        """data -> latent, returns z and log|dz/dx|"""
        a, b = x.chunk(2, dim=1)
        if self.flip:
            a, b = b, a
        s, t = self.params(a)
        b = (b - t) * torch.exp(-s)
        z = torch.cat([b, a] if self.flip else [a, b], dim=1)
        return z, s.sum(dim=1)

    def inverse(self, z):
        a, b = z.chunk(2, dim=1)
        if self.flip:
            a, b = b, a
        s, t = self.params(a)
        b = b * torch.exp(s) + t
        return torch.cat([b, a] if self.flip else [a, b], dim=1)


class RealNVP(nn.Module):
    def __init__(self, n_layers=6):
        super().__init__()
        self.layers = nn.ModuleList([Coupling(flip=bool(i % 2)) for i in range(n_layers)])

    def log_prob(self, x):
        total = torch.zeros(len(x))
        for layer in self.layers:
            x, ld = layer(x)
            total = total + ld
        base = -0.5 * (x ** 2).sum(dim=1) - math.log(2 * math.pi)
        return base + total

    def sample(self, n):
        z = torch.randn(n, 2)
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z


def banana(n):
    u = torch.randn(n, 2)
    return torch.stack([u[:, 0], 0.4 * u[:, 1] + u[:, 0] ** 2 - 1], dim=1)


torch.manual_seed(5)
train, test = banana(2000), banana(500)
flow = RealNVP()
opt = torch.optim.Adam(flow.parameters(), lr=2e-3)
for epoch in range(10):
    flow.train()
    for idx in torch.randperm(len(train)).split(100):
        nll = -flow.log_prob(train[idx]).mean()
        opt.zero_grad()
        nll.backward()
        nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
        opt.step()
    flow.eval()
    with torch.no_grad():
        print(f"epoch {epoch} test nll {-flow.log_prob(test).mean():.3f}")
with torch.no_grad():
    print("std data", test.std(0).tolist(), "std samples", flow.sample(500).std(0).tolist())
