import torch
import torch.nn as nn
import torch.nn.functional as F


class Vae(nn.Module):
    def __init__(self, d=16, z=2):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, 24), nn.Tanh(), nn.Linear(24, 2 * z))
        self.dec = nn.Sequential(nn.Linear(z, 24), nn.Tanh(), nn.Linear(24, d))

    def forward(self, x):
        mu, logvar = self.enc(x).chunk(2, dim=1)
        eps = torch.randn_like(mu)
        z = mu + eps * torch.exp(0.5 * logvar)
        kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1).mean()
        return self.dec(z), kl


torch.manual_seed(121)
x = torch.randn(400, 2) @ torch.randn(2, 16)
vae = Vae()
opt = torch.optim.Adam(vae.parameters(), lr=5e-3)
for epoch in range(8):
    vae.train()
    for i in torch.randperm(400).split(40):
        rec, kl = vae(x[i])
        loss = F.mse_loss(rec, x[i], reduction="none").sum(1).mean() + kl
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
