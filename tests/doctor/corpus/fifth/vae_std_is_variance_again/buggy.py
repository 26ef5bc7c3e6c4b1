import argparse

import torch
from torch import nn
import torch.nn.functional as F


class VAE(nn.Module):
    def __init__(self, d=64, z=4):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, 96), nn.ReLU())
        self.to_mu = nn.Linear(96, z)
        self.to_logvar = nn.Linear(96, z)
        self.dec = nn.Sequential(nn.Linear(z, 96), nn.ReLU(), nn.Linear(96, d))

    def encode(self, x):
        h = self.enc(x)
        return self.to_mu(h), self.to_logvar(h)

    def reparameterize(self, mu, logvar):
        std = torch.exp(logvar)
        return mu + std * torch.randn_like(std)

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.dec(self.reparameterize(mu, logvar)), mu, logvar


def elbo_loss(logits, x, mu, logvar):
    """Negative ELBO, summed over pixels and latents, averaged over the batch."""
    recon = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1)
    return (recon + kl).mean()


def blobs(n, side=8):
    cx, cy = torch.randint(1, side - 1, (2, n, 1, 1))
    yy, xx = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return (((xx - cx).abs() <= 1) & ((yy - cy).abs() <= 1)).float().flatten(1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=15)
    p.add_argument("--lr", type=float, default=3e-3)
    args = p.parse_args()
    torch.manual_seed(4)
    data, test = blobs(1200), blobs(200)
    model = VAE()
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        model.train()
        for idx in torch.randperm(len(data)).split(60):
            x = data[idx]
            opt.zero_grad()
            out, mu, logvar = model(x)
            loss = elbo_loss(out, x, mu, logvar)
            loss.backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        out, mu, logvar = model(test)
        print("test -ELBO", elbo_loss(out, test, mu, logvar).item(), "latent variance", logvar.exp().mean().item())


if __name__ == "__main__":
    main()
