"""Tiny VAE on noisy 2-mode curves. Run: python vae.py --epochs 6"""
import argparse

import torch
import torch.nn.functional as F
from torch import nn, optim


class VAE(nn.Module):
    def __init__(self, d_in=20, d_z=3):
        super().__init__()
        self.fc1 = nn.Linear(d_in, 64)
        self.fc_mu = nn.Linear(64, d_z)
        self.fc_logvar = nn.Linear(64, d_z)
        self.dec = nn.Sequential(nn.Linear(d_z, 64), nn.ReLU(), nn.Linear(64, d_in))

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc_mu(h), self.fc_logvar(h)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + std * torch.randn_like(std)

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.dec(self.reparameterize(mu, logvar)), mu, logvar


def neg_elbo(x_hat, x, mu, logvar):
    # Gaussian decoder with fixed variance 0.1, summed over dims, averaged over the batch
    rec = F.mse_loss(x_hat, x, reduction="sum") / (2 * 0.1) / x.size(0)
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / x.size(0)
    return rec + kl, rec, kl


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    t = torch.linspace(0, 6.28, 20)
    amp = torch.randn(640, 1)
    data = amp * torch.sin(t) + torch.randn(640, 1) * torch.cos(t) + 0.1 * torch.randn(640, 20)

    model = VAE()
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    model.train()
    for epoch in range(1, args.epochs + 1):
        total = 0.0
        for idx in torch.randperm(len(data)).split(args.batch_size):
            batch = data[idx]
            optimizer.zero_grad()
            x_hat, mu, logvar = model(batch)
            loss, rec, kl = neg_elbo(x_hat, batch, mu, logvar)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        print(f"====> epoch {epoch} -ELBO {total / len(data):.3f} (rec {rec.item():.2f}, kl {kl.item():.2f})")


if __name__ == "__main__":
    main()
