import torch
import torch.nn as nn
import torch.nn.functional as F


class VAE(nn.Module):
    def __init__(self, side=8, latent=4):
        super().__init__()
        self.side = side
        pixels = side * side
        self.trunk = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 96), nn.ReLU())
        self.to_mu = nn.Linear(96, latent)
        self.to_logvar = nn.Linear(96, latent)
        self.dec = nn.Sequential(nn.Linear(latent, 96), nn.ReLU(), nn.Linear(96, pixels))

    def encode(self, x):
        h = self.trunk(x)
        return self.to_mu(h), self.to_logvar(h)

    def sample(self, mu, logvar):
        eps = torch.randn_like(mu)
        return mu + eps * torch.exp(logvar)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = self.sample(mu, logvar)
        return self.dec(z).view(-1, 1, self.side, self.side), mu, logvar


def elbo_terms(logits, x, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1)
    return rec.mean(), kl.mean()


def blobs(n):
    c = torch.rand(n, 2, 1, 1) * 5 + 1.5
    r = torch.rand(n, 1, 1) * 1.2 + 0.8
    grid = torch.arange(8.0)
    d = (grid.view(1, 8, 1) - c[:, 0]) ** 2 + (grid.view(1, 1, 8) - c[:, 1]) ** 2
    return torch.sigmoid(4 * (r - d.sqrt())).gt(0.5).float().unsqueeze(1)


torch.manual_seed(4)
train, valid = blobs(2000), blobs(500)
vae = VAE()
opt = torch.optim.Adam(vae.parameters(), lr=2e-3)

for epoch in range(12):
    vae.train()
    for idx in torch.randperm(len(train)).split(64):
        x = train[idx]
        logits, mu, logvar = vae(x)
        rec, kl = elbo_terms(logits, x, mu, logvar)
        opt.zero_grad()
        (rec + kl).backward()
        opt.step()
    vae.eval()
    with torch.no_grad():
        logits, mu, logvar = vae(valid)
        rec, kl = elbo_terms(logits, valid, mu, logvar)
    print(f"epoch {epoch:2d}  rec {rec.item():.2f}  kl {kl.item():.2f}  bound {(rec + kl).item():.2f}")
