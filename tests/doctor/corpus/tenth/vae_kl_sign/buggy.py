import torch
import torch.nn.functional as F
from torch import nn, optim


class VAE(nn.Module):
    def __init__(self, d_in=16, d_hidden=48, d_z=3):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU())
        self.mu = nn.Linear(d_hidden, d_z)
        self.logvar = nn.Linear(d_hidden, d_z)
        self.dec = nn.Sequential(nn.Linear(d_z, d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_in))

    def encode(self, x):
        h = self.enc(x)
        return self.mu(h), self.logvar(h)

    def forward(self, x):
        mu, logvar = self.encode(x)
        std = torch.exp(0.5 * logvar)
        z = mu + std * torch.randn_like(std)
        return self.dec(z), mu, logvar


def elbo_loss(recon, x, mu, logvar):
    """Negative ELBO, averaged over the batch."""
    rec = F.mse_loss(recon, x, reduction="sum")
    kld = 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (rec + kld) / x.size(0)


torch.manual_seed(42)
mix = torch.randn(3, 16)
data = torch.randn(1200, 3) @ mix + 0.2 * torch.randn(1200, 16)
train_x, test_x = data[:1000], data[1000:]

vae = VAE()
optimizer = optim.Adam(vae.parameters(), lr=1e-3)
for epoch in range(1, 9):
    vae.train()
    total = 0.0
    for idx in torch.randperm(1000).split(50):
        optimizer.zero_grad()
        recon, mu, logvar = vae(train_x[idx])
        loss = elbo_loss(recon, train_x[idx], mu, logvar)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    vae.eval()
    with torch.no_grad():
        mu, _ = vae.encode(test_x)
        err = F.mse_loss(vae.dec(mu), test_x).item()
    print(f"====> Epoch {epoch}: average loss {total / 1000:.3f}, test recon {err:.3f}")
