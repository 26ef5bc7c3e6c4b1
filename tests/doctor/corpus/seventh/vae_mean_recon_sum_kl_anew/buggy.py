"""Variational autoencoder on 8x8 bar images."""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    side: int = 8
    latent: int = 6
    hidden: int = 128
    lr: float = 2e-3
    epochs: int = 12
    batch: int = 64
    seed: int = 5


def make_bars(n: int, side: int, g: torch.Generator) -> torch.Tensor:
    """Each row and each column is switched on with probability 0.25."""
    rows = torch.rand(n, side, 1, generator=g) < 0.25
    cols = torch.rand(n, 1, side, generator=g) < 0.25
    return (rows | cols).float().flatten(1)


class VAE(nn.Module):
    def __init__(self, cfg: Config):
        super().__init__()
        d = cfg.side ** 2
        self.enc = nn.Sequential(nn.Linear(d, cfg.hidden), nn.ReLU())
        self.mu = nn.Linear(cfg.hidden, cfg.latent)
        self.logvar = nn.Linear(cfg.hidden, cfg.latent)
        self.dec = nn.Sequential(nn.Linear(cfg.latent, cfg.hidden), nn.ReLU(), nn.Linear(cfg.hidden, d))

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return self.dec(z), mu, logvar


def elbo_terms(logits, x, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x)
    kld = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(dim=1).mean()
    return rec, kld


class Trainer:
    def __init__(self, cfg: Config):
        self.cfg = cfg
        torch.manual_seed(cfg.seed)
        g = torch.Generator().manual_seed(cfg.seed)
        self.train_dl = DataLoader(TensorDataset(make_bars(1500, cfg.side, g)), batch_size=cfg.batch, shuffle=True)
        self.val_x = make_bars(400, cfg.side, g)
        self.model = VAE(cfg)
        self.opt = torch.optim.Adam(self.model.parameters(), lr=cfg.lr)

    def fit(self) -> None:
        for epoch in range(self.cfg.epochs):
            self.model.train()
            total, seen = 0.0, 0
            for (x,) in self.train_dl:
                rec, kld = elbo_terms(*self._with_target(x))
                loss = rec + kld
                self.opt.zero_grad(set_to_none=True)
                loss.backward()
                self.opt.step()
                total += loss.item() * len(x)
                seen += len(x)
            print(f"epoch {epoch:2d}  train {total / seen:.3f}")

    def _with_target(self, x):
        logits, mu, logvar = self.model(x)
        return logits, x, mu, logvar

    @torch.no_grad()
    def report(self) -> None:
        self.model.eval()
        h = self.model.enc(self.val_x)
        logits = self.model.dec(self.model.mu(h))
        acc = ((logits > 0).float() == self.val_x).float().mean().item()
        base = max(self.val_x.mean().item(), 1 - self.val_x.mean().item())
        print(f"pixel accuracy {acc:.3f} (constant image {base:.3f})")


if __name__ == "__main__":
    t = Trainer(Config())
    t.fit()
    t.report()
