"""Conditional GAN with hinge loss, spectral norm and a projection discriminator."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.parametrizations import spectral_norm as sn

torch.manual_seed(0)
K, Z = 3, 6
CENTRES = torch.tensor([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])


def real(n):
    y = torch.randint(K, (n,))
    return CENTRES[y] + 0.2 * torch.randn(n, 2), y


class G(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(K, 8)
        self.net = nn.Sequential(nn.Linear(Z + 8, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 48), nn.BatchNorm1d(48), nn.ReLU(),
                                 nn.Linear(48, 2))

    def forward(self, z, y):
        return self.net(torch.cat([z, self.emb(y)], 1))


class D(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(sn(nn.Linear(2, 48)), nn.LeakyReLU(0.1), sn(nn.Linear(48, 48)), nn.LeakyReLU(0.1))
        self.lin, self.emb = sn(nn.Linear(48, 1)), sn(nn.Embedding(K, 48))

    def forward(self, x, y):
        h = self.body(x)
        return self.lin(h).squeeze(1) + (self.emb(y) * h).sum(1)


g, d = G(), D()
opt_g = torch.optim.Adam(g.parameters(), 5e-4, betas=(0.0, 0.9))
opt_d = torch.optim.Adam(d.parameters(), 2e-3, betas=(0.0, 0.9))       # two time scales
for it in range(1, 251):
    x, y = real(64)
    fy = torch.randint(K, (64,))
    fake = g(torch.randn(64, Z), fy)
    # hinge: no sigmoid, no labels
    loss_d = F.relu(1 - d(x, y)).mean() + F.relu(1 + d(fake.detach(), fy)).mean()
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()

    # the same fake batch serves the generator: its graph has not been used yet
    loss_g = -d(fake, fy).mean()
    opt_g.zero_grad()
    loss_g.backward()          # also leaves gradients in d, which are cleared before its next step
    opt_g.step()
    if it % 50 == 0:
        g.eval()
        with torch.no_grad():
            yy = torch.arange(K).repeat_interleave(100)
            err = (g(torch.randn(300, Z), yy) - CENTRES[yy]).norm(dim=1).mean()
        g.train()
        print(f"{it}: d {loss_d.item():.3f} g {loss_g.item():+.3f} distance to the own centre {err:.2f}")
