"""Vanilla GAN (non-saturating loss) on eight Gaussians placed on a circle."""
import math

import torch
from torch import nn

torch.manual_seed(0)
Z_DIM, BATCH, STEPS = 8, 128, 600


def sample_real(n):
    angle = torch.randint(0, 8, (n,)) * (2 * math.pi / 8)
    centers = torch.stack([angle.cos(), angle.sin()], dim=1)
    return centers + 0.05 * torch.randn(n, 2)


G = nn.Sequential(nn.Linear(Z_DIM, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)

for step in range(1, STEPS + 1):
    # --- discriminator
    real = sample_real(BATCH)
    fake = G(torch.randn(BATCH, Z_DIM)).detach()
    loss_d = bce(D(real), ones) + bce(D(fake), zeros)
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()

    # --- generator
    loss_g = bce(D(G(torch.randn(BATCH, Z_DIM))), ones)
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()

    if step % 150 == 0:
        print(f"step {step:4d}  D {loss_d.item():.3f}  G {loss_g.item():.3f}")

G.eval()
with torch.no_grad():
    radius = G(torch.randn(1000, Z_DIM)).norm(dim=1)
print(f"mean radius of samples {radius.mean().item():.3f} +- {radius.std().item():.3f}")
