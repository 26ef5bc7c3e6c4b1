# VAE on 8x8 binary "bars" images
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

SIZE = 8


def bars(n, gen):
    rows = torch.rand(n, SIZE, 1, generator=gen) < 0.2
    cols = torch.rand(n, 1, SIZE, generator=gen) < 0.2
    return (rows | cols).float().flatten(1)


class VAE(nn.Module):
    def __init__(self, latent=10, hidden=64):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(SIZE * SIZE, hidden), nn.ReLU())
        self.mu = nn.Linear(hidden, latent)
        self.logvar = nn.Linear(hidden, latent)
        self.dec = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, SIZE * SIZE))

    def encode(self, x):
        h = self.enc(x)
        return self.mu(h), self.logvar(h)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.dec(z), mu, logvar


def negative_elbo(logits, x, mu, logvar, beta):
    """Summed over pixels and latent dimensions, averaged over the batch."""
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / x.size(0)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(dim=1).mean()
    return rec + beta * kl, rec, kl


def run():
    torch.manual_seed(77)
    gen = torch.Generator().manual_seed(78)
    train = DataLoader(TensorDataset(bars(1500, gen)), batch_size=75, shuffle=True)
    held_out = bars(500, gen)
    vae = VAE()
    optim = torch.optim.Adam(vae.parameters(), lr=2e-3)

    epochs = 15
    for epoch in range(epochs):
        beta = min(1.0, (epoch + 1) / 5)  # KL warm-up
        vae.train()
        for (xb,) in train:
            loss, _, _ = negative_elbo(*_ordered(vae, xb), beta)
            optim.zero_grad()
            loss.backward()
            optim.step()
        if (epoch + 1) % 5 == 0:
            vae.eval()
            with torch.no_grad():
                total, rec, kl = negative_elbo(*_ordered(vae, held_out), 1.0)
            print(f"epoch {epoch + 1}: -elbo {total.item():.2f} (rec {rec.item():.2f}, kl {kl.item():.2f})")

    with torch.no_grad():
        img = (vae.dec(torch.randn(1, 10)) > 0).view(SIZE, SIZE)
    for row in img.tolist():
        print("".join("#" if v else "." for v in row))


def _ordered(vae, x):
    logits, mu, logvar = vae(x)
    return logits, x, mu, logvar


if __name__ == "__main__":
    run()
