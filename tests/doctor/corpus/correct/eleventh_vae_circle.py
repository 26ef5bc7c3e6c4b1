"""Variational autoencoder on 8-dimensional data that lives on a noisy circle."""
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(55)

theta = torch.rand(1200) * 6.2832
lift = torch.randn(2, 8)
data = torch.stack([theta.cos(), theta.sin()], 1) @ lift + 0.1 * torch.randn(1200, 8)
train, test = data[:1000], data[1000:]


class VAE(nn.Module):
    def __init__(self, latent=2):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.ReLU())
        self.mu = nn.Linear(32, latent)
        self.logvar = nn.Linear(32, latent)
        self.decoder = nn.Sequential(nn.Linear(latent, 32), nn.ReLU(), nn.Linear(32, 8))

    def encode(self, x):
        h = self.body(x)
        return self.mu(h), self.logvar(h)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.decoder(z), mu, logvar


def elbo_terms(recon, x, mu, logvar, sigma=0.3):
    # both terms are sums over dimensions and means over the batch
    rec = F.mse_loss(recon, x, reduction="none").sum(1).mean() / (2 * sigma**2)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1).mean()
    return rec, kl


vae = VAE()
opt = torch.optim.Adam(vae.parameters(), lr=3e-3)
warmup = 5

for epoch in range(15):
    beta = min(1.0, (epoch + 1) / warmup)
    vae.train()
    for b in torch.randperm(len(train)).split(50):
        x = train[b]
        recon, mu, logvar = vae(x)
        rec, kl = elbo_terms(recon, x, mu, logvar)
        opt.zero_grad()
        (rec + beta * kl).backward()
        opt.step()
    if epoch % 5 == 4:
        vae.eval()
        with torch.no_grad():
            recon, mu, logvar = vae(test)
            rec, kl = elbo_terms(recon, test, mu, logvar)
        print(f"epoch {epoch + 1}: beta {beta:.1f} reconstruction {rec:.3f} kl {kl:.3f} -elbo {rec + kl:.3f}")

with torch.no_grad():
    samples = vae.decoder(torch.randn(500, 2))
print("std of data   ", test.std(0).mean().item())
print("std of samples", samples.std(0).mean().item())
