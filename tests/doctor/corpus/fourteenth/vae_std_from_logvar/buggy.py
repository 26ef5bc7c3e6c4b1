import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class VAE(nn.Module):
    def __init__(self, d_in=16, d_h=48, d_z=2):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d_in, d_h), nn.ReLU())
        self.fc_mu = nn.Linear(d_h, d_z)
        self.fc_logvar = nn.Linear(d_h, d_z)
        self.dec = nn.Sequential(nn.Linear(d_z, d_h), nn.ReLU(), nn.Linear(d_h, d_in))
        self.d_z = d_z

    def reparameterize(self, mu, logvar):
        std = torch.exp(logvar)
        return mu + std * torch.randn_like(std)

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.fc_mu(h), self.fc_logvar(h)
        return self.dec(self.reparameterize(mu, logvar)), mu, logvar


def elbo_loss(recon_logits, x, mu, logvar):
    recon = F.binary_cross_entropy_with_logits(recon_logits, x, reduction="none").sum(1)
    kld = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1)
    return (recon + kld).mean(), recon.mean(), kld.mean()


def stripes(n):
    """4x4 binary pictures: one row and one column switched on"""
    img = torch.zeros(n, 4, 4)
    k = torch.arange(n)
    img[k, torch.randint(0, 4, (n,))] = 1
    img[k, :, torch.randint(0, 4, (n,))] = 1
    return img.flatten(1)


torch.manual_seed(0)
train_loader = DataLoader(TensorDataset(stripes(1500)), batch_size=50, shuffle=True)
test_x = stripes(300)
vae = VAE()
optimizer = torch.optim.Adam(vae.parameters(), lr=3e-3)

for epoch in range(1, 9):
    vae.train()
    for (x,) in train_loader:
        optimizer.zero_grad()
        recon, mu, logvar = vae(x)
        loss, _, _ = elbo_loss(recon, x, mu, logvar)
        loss.backward()
        optimizer.step()
    vae.eval()
    with torch.no_grad():
        recon, mu, logvar = vae(test_x)
        total, rec, kld = elbo_loss(recon, test_x, mu, logvar)
    print(f"epoch {epoch} -ELBO {total:.3f} recon {rec:.3f} kld {kld:.3f}")
with torch.no_grad():
    print("samples", torch.sigmoid(vae.dec(torch.randn(2, vae.d_z))).round().int().tolist())
