import argparse
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=15)
parser.add_argument("--latent", type=int, default=2)
parser.add_argument("--lr", type=float, default=2e-3)
parser.add_argument("--seed", type=int, default=21)
args = parser.parse_args()


class VAE(nn.Module):
    def __init__(self, d, z):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, 48), nn.ELU())
        self.mu, self.logvar = nn.Linear(48, z), nn.Linear(48, z)
        self.dec = nn.Sequential(nn.Linear(z, 48), nn.ELU(), nn.Linear(48, d))

    def encode(self, x):
        h = self.enc(x)
        return self.mu(h), self.logvar(h)

    def reparameterize(self, mu, logvar):
        if not self.training:
            return mu
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.dec(self.reparameterize(mu, logvar)), mu, logvar


def neg_elbo(x, rec, mu, logvar, sigma=0.3):
    """Gaussian likelihood with fixed sigma; both terms summed per sample, averaged over the batch."""
    rec_term = F.mse_loss(rec, x, reduction="sum") / (2 * sigma ** 2)
    kl_term = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (rec_term + kl_term) / len(x)


torch.manual_seed(args.seed)
angle = torch.rand(1200) * 2 * math.pi
radius = 1 + torch.rand(1200)
grid = torch.linspace(0, 3, 12)
data = radius[:, None] * torch.sin(grid + angle[:, None]) + 0.3 * torch.randn(1200, 12)
train, val = data[:1000], data[1000:]
model = VAE(12, args.latent)
opt = torch.optim.Adam(model.parameters(), lr=args.lr)
for epoch in range(args.epochs):
    model.train()
    for idx in torch.randperm(len(train)).split(50):
        xb = train[idx]
        opt.zero_grad()
        loss = neg_elbo(xb, *model(xb))
        loss.backward()
        opt.step()

model.eval()
with torch.no_grad():
    rec, mu, logvar = model(val)
    samples = model.dec(torch.randn(500, args.latent))
    print(f"val rec {F.mse_loss(rec, val):.4f}  mean sigma {(0.5 * logvar).exp().mean():.3f}  "
          f"sample std {samples.std():.3f} / data std {val.std():.3f}")
