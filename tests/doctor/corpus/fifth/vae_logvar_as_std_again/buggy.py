from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass(frozen=True)
class Config:
    side: int = 8
    hidden: int = 48
    latent: int = 3
    epochs: int = 6
    batch_size: int = 64
    lr: float = 2e-3
    seed: int = 13


def bars(n: int, side: int, gen: torch.Generator) -> Tensor:
    """Binary images with one horizontal or vertical bar."""
    img = torch.zeros(n, side, side)
    rows = torch.randint(0, side, (n,), generator=gen)
    flip = torch.rand(n, generator=gen) < 0.5
    img[torch.arange(n), rows] = 1.0
    img[flip] = img[flip].transpose(1, 2)
    return img.reshape(n, -1)


class VAE(nn.Module):
    def __init__(self, cfg: Config) -> None:
        super().__init__()
        pixels = cfg.side ** 2
        self.enc = nn.Sequential(nn.Linear(pixels, cfg.hidden), nn.Tanh())
        self.stats = nn.Linear(cfg.hidden, 2 * cfg.latent)
        self.dec = nn.Sequential(nn.Linear(cfg.latent, cfg.hidden), nn.Tanh(), nn.Linear(cfg.hidden, pixels))

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mu, logvar = self.stats(self.enc(x)).chunk(2, dim=-1)
        return mu, logvar

    @staticmethod
    def sample(mu: Tensor, logvar: Tensor) -> Tensor:
        return mu + torch.randn_like(mu) * logvar.exp()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mu, logvar = self.posterior(x)
        return self.dec(self.sample(mu, logvar)), mu, logvar


def negative_elbo(logits: Tensor, x: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = 0.5 * (mu.square() + logvar.exp() - 1.0 - logvar).sum()
    return (rec + kl) / x.shape[0]


def main(cfg: Config) -> None:
    torch.manual_seed(cfg.seed)
    gen = torch.Generator().manual_seed(cfg.seed)
    loader = DataLoader(TensorDataset(bars(1024, cfg.side, gen)), cfg.batch_size, shuffle=True)
    model = VAE(cfg)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        total = 0.0
        for (x,) in loader:
            logits, mu, logvar = model(x)
            loss = negative_elbo(logits, x, mu, logvar)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            total += loss.item() * len(x)
        print(f"epoch {epoch}: -ELBO {total / len(loader.dataset):.2f}")
    model.eval()
    with torch.no_grad():
        z = torch.randn(4, cfg.latent)
        print(torch.sigmoid(model.dec(z)).sum(1))


if __name__ == "__main__":
    main(Config())
