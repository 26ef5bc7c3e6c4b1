import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)


def make_images(n=1500, side=8):
    """Binary bars: every picture has one or two full rows or columns."""
    x = torch.zeros(n, side, side)
    for i in range(n):
        r = torch.randint(side, (2,))
        x[i, r[0], :] = 1.0
        if torch.rand(()) < 0.5:
            x[i, :, r[1]] = 1.0
    return x.flatten(1)


class VAE(nn.Module):
    def __init__(self, d=64, h=64, z=6):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, h), nn.ReLU())
        self.mu, self.logvar = nn.Linear(h, z), nn.Linear(h, z)
        self.dec = nn.Sequential(nn.Linear(z, h), nn.ReLU(), nn.Linear(h, d))

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.mu(h), self.logvar(h)
        if self.training:
            z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        else:
            z = mu
        return self.dec(z), mu, logvar


def neg_elbo(logits, x, mu, logvar, beta=1.0):
    # both terms are summed over their own axes, then averaged over the batch
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1)
    return (rec + beta * kl).mean(), rec.mean(), kl.mean()


train_set, val_set = random_split(TensorDataset(make_images()), [1200, 300])
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
val_loader = DataLoader(val_set, batch_size=128)

vae = VAE()
opt = torch.optim.Adam(vae.parameters(), lr=2e-3)
EPOCHS, WARM = 12, 6

for epoch in range(EPOCHS):
    beta = min(1.0, (epoch + 1) / WARM)  # KL annealing
    vae.train()
    for (x,) in train_loader:
        opt.zero_grad()
        logits, mu, logvar = vae(x)
        loss, _, _ = neg_elbo(logits, x, mu, logvar, beta)
        loss.backward()
        opt.step()

    vae.eval()
    rec_sum = kl_sum = n = 0
    with torch.no_grad():
        for (x,) in val_loader:
            logits, mu, logvar = vae(x)
            _, rec, kl = neg_elbo(logits, x, mu, logvar)
            rec_sum += rec.item() * len(x)
            kl_sum += kl.item() * len(x)
            n += len(x)
    print(f"epoch {epoch + 1:2d} beta {beta:.2f} val rec (at the mean code) {rec_sum / n:.2f} KL {kl_sum / n:.2f}")

with torch.no_grad():
    draws = torch.sigmoid(vae.dec(torch.randn(16, 6)))
print("mean ink of prior draws", round(draws.mean().item(), 3))
