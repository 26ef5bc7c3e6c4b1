# %% [markdown]
# VAE on small "images" (8x8)

# %%
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(42)


def blobs(n):
    """8x8 pictures with one bright gaussian spot at a random place."""
    c = torch.rand(n, 2) * 5 + 1
    grid = torch.stack(torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij"), dim=-1)
    d2 = ((grid[None] - c[:, None, None]) ** 2).sum(-1)
    return torch.exp(-d2 / 3.0)


train_x = blobs(1500)
val_x = blobs(300)

# %%
class Encoder(nn.Module):
    def __init__(self, z_dim):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU())
        self.to_mu = nn.Linear(128, z_dim)
        self.to_logvar = nn.Linear(128, z_dim)

    def forward(self, x):
        h = self.body(x)
        return self.to_mu(h), self.to_logvar(h)


class VAE(nn.Module):
    def __init__(self, z_dim=4):
        super().__init__()
        self.z_dim = z_dim
        self.enc = Encoder(z_dim)
        self.dec = nn.Sequential(nn.Linear(z_dim, 128), nn.ReLU(), nn.Linear(128, 64), nn.Unflatten(1, (8, 8)))

    def sample_z(self, mu, logvar):
        std = torch.exp(logvar)
        return mu + std * torch.randn_like(std)

    def forward(self, x):
        mu, logvar = self.enc(x)
        z = self.sample_z(mu, logvar)
        return self.dec(z), mu, logvar


def neg_elbo(logits, x, mu, logvar):
    # both terms: sum over dimensions, mean over the batch
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1)
    return rec.mean(), kl.mean()


# %%
vae = VAE()
opt = torch.optim.Adam(vae.parameters(), lr=2e-3)
for epoch in range(12):
    vae.train()
    for idx in torch.randperm(len(train_x)).split(64):
        x = train_x[idx]
        logits, mu, logvar = vae(x)
        rec, kl = neg_elbo(logits, x, mu, logvar)
        loss = rec + kl
        opt.zero_grad()
        loss.backward()
        opt.step()
    vae.eval()
    with torch.no_grad():
        logits, mu, logvar = vae(val_x)
        rec, kl = neg_elbo(logits, val_x, mu, logvar)
    print(f"epoch {epoch:2d}  rec {rec.item():.2f}  kl {kl.item():.2f}  -elbo {(rec + kl).item():.2f}")

# %%
with torch.no_grad():
    pictures = torch.sigmoid(vae.dec(torch.randn(16, vae.z_dim)))
print("brightness of generated pictures", pictures.mean().item(), "data", train_x.mean().item())
