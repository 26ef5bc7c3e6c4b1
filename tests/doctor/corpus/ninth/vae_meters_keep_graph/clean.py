from collections import defaultdict
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Config:
    latent: int = 2
    hidden: int = 48
    lr: float = 2e-3
    beta: float = 0.5
    batch: int = 64
    epochs: int = 6
    seed: int = 3


class VAE(nn.Module):
    def __init__(self, cfg, dim):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(dim, cfg.hidden), nn.ReLU())
        self.mu = nn.Linear(cfg.hidden, cfg.latent)
        self.logvar = nn.Linear(cfg.hidden, cfg.latent)
        self.dec = nn.Sequential(nn.Linear(cfg.latent, cfg.hidden), nn.ReLU(), nn.Linear(cfg.hidden, dim))

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        return self.dec(z), mu, logvar


def elbo_terms(x, logits, mu, logvar):
    recon = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(dim=1).mean()
    return recon, kl


def bars(n):
    """6x6 binary pictures: one horizontal or vertical bar."""
    x = torch.zeros(n, 6, 6)
    where = torch.randint(0, 6, (n,))
    flat = torch.rand(n) < 0.5
    rows = torch.arange(n)
    x[rows[flat], where[flat]] = 1.0
    x[rows[~flat], :, where[~flat]] = 1.0
    return x.flatten(1)


cfg = Config()
torch.manual_seed(cfg.seed)
data = bars(1500)
model = VAE(cfg, data.shape[1])
optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
for epoch in range(cfg.epochs):
    model.train()
    meters = defaultdict(float)
    for idx in torch.randperm(len(data)).split(cfg.batch):
        x = data[idx]
        recon, kl = elbo_terms(x, *model(x))
        loss = recon + cfg.beta * kl
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        for name, value in (("recon", recon), ("kl", kl), ("loss", loss)):
            meters[name] += value.item() * len(x)
    print(epoch, "  ".join(f"{k} {v / len(data):.3f}" for k, v in meters.items()))
