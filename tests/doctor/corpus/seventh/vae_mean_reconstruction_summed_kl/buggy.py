from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    n_in: int = 48
    hidden: int = 64
    latent: int = 4
    lr: float = 2e-3
    epochs: int = 15
    batch: int = 64
    seed: int = 17


class VAE(nn.Module):
    """Gaussian encoder and Gaussian decoder with unit variance."""

    def __init__(self, cfg: Config):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(cfg.n_in, cfg.hidden), nn.ReLU(), nn.Linear(cfg.hidden, 2 * cfg.latent))
        self.decoder = nn.Sequential(nn.Linear(cfg.latent, cfg.hidden), nn.ReLU(), nn.Linear(cfg.hidden, cfg.n_in))

    def encode(self, x):
        mu, logvar = self.encoder(x).chunk(2, dim=1)
        return mu, logvar

    def negative_elbo(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        rec = 0.5 * F.mse_loss(self.decoder(z), x)
        kl = -0.5 * (1 + logvar - mu.square() - logvar.exp()).sum(dim=1).mean()
        return rec + kl, rec, kl


def curves(n, n_in, gen):
    """Sums of two waves with random phase and height, on n_in points."""
    t = torch.linspace(0, 1, n_in)
    phase = 6.2832 * torch.rand(n, 1, generator=gen)
    height = 1.0 + 2.0 * torch.rand(n, 1, generator=gen)
    return height * torch.sin(6.2832 * t + phase) + 0.3 * torch.randn(n, n_in, generator=gen)


@torch.no_grad()
def report(model, x, tag):
    model.eval()
    mu, _ = model.encode(x)
    error = F.mse_loss(model.decoder(mu), x).sqrt().item()
    spread = mu.std(dim=0)
    print(f"{tag}: rmse {error:.3f}  spread of the codes {[round(s, 2) for s in spread.tolist()]}")


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    gen = torch.Generator().manual_seed(1)
    x_train, x_test = curves(2000, cfg.n_in, gen), curves(400, cfg.n_in, gen)
    model = VAE(cfg)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        model.train()
        for idx in torch.randperm(len(x_train)).split(cfg.batch):
            loss, rec, kl = model.negative_elbo(x_train[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 5 == 4:
            report(model, x_test, f"epoch {epoch}")


if __name__ == "__main__":
    main()
