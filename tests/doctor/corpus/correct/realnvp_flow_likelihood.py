import numpy as np
import torch
import torch.nn as nn
from torch.distributions import MultivariateNormal


class Coupling(nn.Module):
    def __init__(self, dim, mask, hidden=48):
        super().__init__()
        self.register_buffer("mask", mask)
        self.s = nn.Sequential(nn.Linear(dim, hidden), nn.Tanh(), nn.Linear(hidden, dim), nn.Tanh())
        self.t = nn.Sequential(nn.Linear(dim, hidden), nn.Tanh(), nn.Linear(hidden, dim))

    def forward(self, x):
        kept = x * self.mask
        s, t = self.s(kept) * (1 - self.mask), self.t(kept) * (1 - self.mask)
        return kept + (1 - self.mask) * (x * s.exp() + t), s.sum(-1)

    def inverse(self, y):
        kept = y * self.mask
        s, t = self.s(kept) * (1 - self.mask), self.t(kept) * (1 - self.mask)
        return kept + (1 - self.mask) * ((y - t) * torch.exp(-s))


class RealNVP(nn.Module):
    def __init__(self, dim=2, layers=6):
        super().__init__()
        m = torch.tensor([1.0, 0.0])
        self.layers = nn.ModuleList([Coupling(dim, m if i % 2 == 0 else 1 - m) for i in range(layers)])
        self.register_buffer("loc", torch.zeros(dim))
        self.register_buffer("cov", torch.eye(dim))

    @property
    def base(self):
        return MultivariateNormal(self.loc, self.cov)

    def log_prob(self, x):
        logdet = x.new_zeros(len(x))
        for layer in self.layers:
            x, ld = layer(x)
            logdet = logdet + ld
        return self.base.log_prob(x) + logdet

    @torch.no_grad()
    def sample(self, n):
        z = self.base.sample((n,))
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z


rng = np.random.default_rng(0)
torch.manual_seed(0)
theta = rng.uniform(0, 3 * np.pi, 1800)
raw = np.stack([theta * np.cos(theta), theta * np.sin(theta)], 1) + rng.normal(0, 0.2, (1800, 2))
perm = rng.permutation(len(raw))
tr, va, te = raw[perm[:1200]], raw[perm[1200:1500]], raw[perm[1500:]]
mean, std = tr.mean(0), tr.std(0)
tr, va, te = (torch.tensor((a - mean) / std, dtype=torch.float32) for a in (tr, va, te))

flow = RealNVP()
opt = torch.optim.Adam(flow.parameters(), lr=3e-3)
best, best_state = float("inf"), None
for epoch in range(20):
    for idx in torch.randperm(len(tr)).split(200):
        nll = -flow.log_prob(tr[idx]).mean()
        opt.zero_grad()
        nll.backward()
        opt.step()
    with torch.no_grad():
        val = -flow.log_prob(va).mean().item()
    if val < best:
        best = val
        best_state = {k: v.clone() for k, v in flow.state_dict().items()}

flow.load_state_dict(best_state)
with torch.no_grad():
    test = -flow.log_prob(te).mean().item()
# in the raw units the density picks up the scale of the standardisation
print(f"val {best:.3f} test {test:.3f} nats, raw units {test + float(np.log(std).sum()):.3f}")
print("samples' mean", flow.sample(500).mean(0).tolist())
