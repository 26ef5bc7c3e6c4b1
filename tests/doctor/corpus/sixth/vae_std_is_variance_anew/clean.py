import torch
from torch import nn
import torch.nn.functional as F

# ---- data: noisy bars on a 6x6 grid ----
def bars(n, g):
    img = torch.zeros(n, 6, 6)
    row = torch.randint(6, (n,), generator=g)
    col = torch.randint(6, (n,), generator=g)
    a = torch.arange(n)
    img[a, row] = 1
    img[a, :, col] = 1
    flip = torch.rand(n, 6, 6, generator=g) < 0.02
    return torch.where(flip, 1 - img, img).flatten(1)

class VAE(nn.Module):
    def __init__(self, d=36, h=64, z=4):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, 2 * z))
        self.dec = nn.Sequential(nn.Linear(z, h), nn.ReLU(), nn.Linear(h, d))

    def encode(self, x):
        mu, logvar = self.enc(x).chunk(2, dim=1)
        return mu, logvar

    def sample(self, mu, logvar):
        if not self.training:
            return mu
        eps = torch.randn_like(mu)
        return mu + eps * torch.exp(0.5 * logvar)

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.dec(self.sample(mu, logvar)), mu, logvar

def elbo_terms(logits, x, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1).mean()
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1).mean()
    return rec, kl

torch.manual_seed(12)
g = torch.Generator().manual_seed(12)
train, test = bars(1500, g), bars(300, g)
vae = VAE()
opt = torch.optim.Adam(vae.parameters(), lr=2e-3)
for ep in range(20):
    vae.train()
    for idx in torch.randperm(len(train)).split(50):
        batch = train[idx]
        logits, mu, logvar = vae(batch)
        rec, kl = elbo_terms(logits, batch, mu, logvar)
        opt.zero_grad()
        (rec + kl).backward()
        opt.step()
    vae.eval()
    with torch.no_grad():
        logits, mu, logvar = vae(test)
        rec, kl = elbo_terms(logits, test, mu, logvar)
    if ep % 5 == 4:
        print(ep + 1, f"rec {rec.item():.3f} kl {kl.item():.3f}")

with torch.no_grad():
    drawn = torch.sigmoid(vae.dec(torch.randn(4, 4)))
print("mean brightness of drawn images", round(drawn.mean().item(), 3))
