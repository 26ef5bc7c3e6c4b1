import math

import torch
from torch import nn


class AffineCoupling(nn.Module):
    def __init__(self, dim, hidden, flip):
        super().__init__()
        self.flip = flip
        self.half = dim // 2
        self.net = nn.Sequential(nn.Linear(self.half, hidden), nn.ReLU(), nn.Linear(hidden, 2 * (dim - self.half)))

    def _params(self, cond):
        s, t = self.net(cond).chunk(2, dim=1)
        return torch.tanh(s) * 1.5, t

    def _split(self, v):
        a, b = v[:, : self.half], v[:, self.half :]
        return (b, a) if self.flip else (a, b)

    def _join(self, a, b):
        return torch.cat([b, a] if self.flip else [a, b], dim=1)

    def to_latent(self, x):
        a, b = self._split(x)
        s, t = self._params(a)
        return self._join(a, (b - t) * torch.exp(-s)), s.sum(dim=1)

    def to_data(self, z):
        a, b = self._split(z)
        s, t = self._params(a)
        return self._join(a, b * torch.exp(s) + t)


class RealNVP(nn.Module):
    def __init__(self, dim=2, layers=6, hidden=32):
        super().__init__()
        self.layers = nn.ModuleList(AffineCoupling(dim, hidden, flip=bool(i % 2)) for i in range(layers))

    def log_prob(self, x):
        total = x.new_zeros(x.size(0))
        for layer in self.layers:
            x, ld = layer.to_latent(x)
            total = total + ld
        base = -0.5 * (x**2).sum(1) - 0.5 * x.size(1) * math.log(2 * math.pi)
        return base + total

    @torch.no_grad()
    def sample(self, n):
        z = torch.randn(n, 2)
        for layer in reversed(self.layers):
            z = layer.to_data(z)
        return z


torch.manual_seed(6)
u = torch.rand(1000) * math.pi
moon = torch.stack([u.cos() * 2, u.sin() * 2 - 0.6], dim=1) + 0.1 * torch.randn(1000, 2)
train, held_out = moon[:800], moon[800:]

flow = RealNVP()
opt = torch.optim.Adam(flow.parameters(), lr=2e-3)
for epoch in range(12):
    for idx in torch.randperm(len(train)).split(100):
        nll = -flow.log_prob(train[idx]).mean()
        opt.zero_grad()
        nll.backward()
        opt.step()
    if epoch % 4 == 3:
        with torch.no_grad():
            print(f"epoch {epoch + 1} nll {nll.item():.3f} held out {-flow.log_prob(held_out).mean().item():.3f}")
print("sample radius", flow.sample(500).norm(dim=1).mean().item(), "data radius", train.norm(dim=1).mean().item())
