import numpy as np
import torch
from torch import nn
import torch.nn.functional as F


class SignalVAE(nn.Module):
    """MLP encoder and decoder of short signals; Gaussian likelihood with fixed noise."""

    def __init__(self, length=20, hidden=64, latent=3, noise=0.25):
        super().__init__()
        self.noise = noise
        self.encoder = nn.Sequential(nn.Linear(length, hidden), nn.Tanh(), nn.Linear(hidden, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent, 64), nn.ReLU(), nn.Linear(64, length))

    def encode(self, x):
        mu, logvar = self.encoder(x).chunk(2, dim=-1)
        return mu, logvar

    @staticmethod
    def sample(mu, logvar):
        return mu + torch.randn_like(mu) * torch.exp(logvar)

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decoder(self.sample(mu, logvar)), mu, logvar


def kl_to_standard_normal(mu, logvar):
    return 0.5 * (mu ** 2 + logvar.exp() - 1.0 - logvar).sum(dim=-1)


def neg_elbo(model, x, beta=1.0):
    out, mu, logvar = model(x)
    rec = 0.5 * ((out - x) / model.noise).pow(2).sum(dim=-1)
    kl = kl_to_standard_normal(mu, logvar)
    return (rec + beta * kl).mean(), rec.mean().item(), kl.mean().item()


def waves(n, rng, length=20):
    t = np.linspace(0, 1, length)
    f, p, a = rng.uniform(0.5, 1.5, (n, 1)), rng.uniform(0, 3, (n, 1)), rng.uniform(0.5, 1.5, (n, 1))
    return torch.tensor(a * np.sin(2 * np.pi * f * t + p) + rng.normal(0, 0.25, (n, length)), dtype=torch.float32)


def train(model, data, epochs=40, batch=50):
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(epochs):
        model.train()
        beta = min(1.0, (epoch + 1) / 4)
        for idx in torch.randperm(len(data)).split(batch):
            loss, _, _ = neg_elbo(model, data[idx], beta)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def importance_bound(model, x, k=64):
    """log p(x) estimated with k samples of q (IWAE)"""
    mu, logvar = model.encode(x)
    std = torch.exp(0.5 * logvar)
    z = mu + std * torch.randn(k, *mu.shape)
    q = torch.distributions.Normal(mu, std).log_prob(z).sum(-1)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
    lik = torch.distributions.Normal(model.decoder(z), model.noise).log_prob(x).sum(-1)
    return (torch.logsumexp(lik + prior - q, 0) - np.log(k)).mean().item()


if __name__ == "__main__":
    torch.manual_seed(4)
    rng = np.random.default_rng(4)
    model = SignalVAE()
    train(model, waves(1000, rng))
    model.eval()
    held_out = waves(300, rng)
    with torch.no_grad():
        total, rec, kl = neg_elbo(model, held_out)
    print(f"negative ELBO {total.item():.1f} (rec {rec:.1f}, kl {kl:.1f}), log p(x) about {importance_bound(model, held_out):.1f}")
