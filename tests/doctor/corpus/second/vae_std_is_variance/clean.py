import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader


class VAE(nn.Module):
    def __init__(self, n_in=16, latent=3):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_in, 48), nn.ReLU())
        self.mu = nn.Linear(48, latent)
        self.logvar = nn.Linear(48, latent)
        self.dec = nn.Sequential(nn.Linear(latent, 48), nn.ReLU(), nn.Linear(48, n_in))

    def sample_latent(self, mu, logvar):
        if not self.training:
            return mu
        std = torch.exp(0.5 * logvar)
        return mu + std * torch.randn_like(std)

    def forward(self, x):
        h = self.body(x)
        mu, logvar = self.mu(h), self.logvar(h)
        return self.dec(self.sample_latent(mu, logvar)), mu, logvar


def elbo_loss(x_hat, x, mu, logvar, noise_var=0.01):
    rec = 0.5 * ((x_hat - x) ** 2).sum(1) / noise_var
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1)
    return (rec + kl).mean()


def make_curves(n, seed):
    g = torch.Generator().manual_seed(seed)
    t = torch.linspace(0, 1, 16)
    a, b = torch.randn(n, 1, generator=g), torch.randn(n, 1, generator=g)
    return a * torch.sin(3 * t) + b * t ** 2 + 0.1 * torch.randn(n, 16, generator=g)


def main():
    torch.manual_seed(5)
    train, val = make_curves(1000, 0), make_curves(200, 1)
    vae = VAE()
    opt = torch.optim.Adam(vae.parameters(), lr=5e-3)
    for epoch in range(40):
        vae.train()
        for x in DataLoader(train, batch_size=50, shuffle=True):
            loss = elbo_loss(*((out := vae(x))[0], x), *out[1:])
            opt.zero_grad()
            loss.backward()
            opt.step()
    vae.eval()
    with torch.no_grad():
        rec, mu, logvar = vae(val)
    print("val reconstruction mse", round(F.mse_loss(rec, val).item(), 4))
    print("mean posterior std", round((0.5 * logvar).exp().mean().item(), 3))


main()
