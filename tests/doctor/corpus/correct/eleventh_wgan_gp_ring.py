"""WGAN with gradient penalty on a ring of eight Gaussians."""
import math

import torch
from torch import nn

torch.manual_seed(0)

angles = torch.arange(8) * (2 * math.pi / 8)
modes = torch.stack([angles.cos(), angles.sin()], dim=1) * 2


def real_batch(n):
    return modes[torch.randint(8, (n,))] + 0.1 * torch.randn(n, 2)


G = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
opt_g = torch.optim.Adam(G.parameters(), lr=3e-3, betas=(0.0, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=3e-3, betas=(0.0, 0.9))
LAMBDA, N_CRITIC, BATCH = 1.0, 3, 64


def penalty(real, fake):
    eps = torch.rand(real.size(0), 1)
    mixed = (eps * real + (1 - eps) * fake).requires_grad_(True)
    grad, = torch.autograd.grad(D(mixed).sum(), mixed, create_graph=True)
    return (grad.norm(2, dim=1) - 1).pow(2).mean()


for it in range(1, 201):
    for _ in range(N_CRITIC):
        real = real_batch(BATCH)
        with torch.no_grad():
            fake = G(torch.randn(BATCH, 2))
        wasserstein = D(real).mean() - D(fake).mean()
        loss_d = -wasserstein + LAMBDA * penalty(real, fake)
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()

    D.requires_grad_(False)
    loss_g = -D(G(torch.randn(BATCH, 2))).mean()
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    D.requires_grad_(True)

    if it % 50 == 0:
        with torch.no_grad():
            pts = G(torch.randn(1000, 2))
        dist, nearest = torch.cdist(pts, modes).min(dim=1)
        print(f"{it:4d} W {wasserstein.item():.3f} modes hit {nearest[dist < 0.6].unique().numel()} "
              f"mean distance {dist.mean():.3f}")
