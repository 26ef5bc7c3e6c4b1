import torch
import torch.nn as nn
from torch.distributions import Normal, kl_divergence


class VAE(nn.Module):
    def __init__(self, d=12, z=2):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, 32), nn.ReLU())
        self.mu, self.ls = nn.Linear(32, z), nn.Linear(32, z)
        self.dec = nn.Sequential(nn.Linear(z, 32), nn.ReLU(), nn.Linear(32, d))

    def forward(self, x):
        h = self.enc(x)
        q = Normal(self.mu(h), self.ls(h).clamp(-5, 2).exp())
        z = q.sample()
        return self.dec(z), q


torch.manual_seed(6)
x = torch.randn(500, 2) @ torch.randn(2, 12)
vae = VAE()
opt = torch.optim.Adam(vae.parameters(), lr=3e-3)
prior = Normal(0.0, 1.0)
for epoch in range(8):
    vae.train()
    for i in torch.randperm(500).split(50):
        rec, q = vae(x[i])
        loss = (rec - x[i]).pow(2).sum(1).mean() + 0.1 * kl_divergence(q, prior).sum(1).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
