"""WGAN-GP on a ring of Gaussians."""
import math

import torch
import torch.nn as nn
from torch import autograd

torch.manual_seed(0)
Z, N_CRITIC, LAMBDA, BS = 8, 3, 10.0, 64


def real_batch(n):
    k = torch.randint(0, 8, (n,))
    angle = k * (2 * math.pi / 8)
    centre = torch.stack([angle.cos(), angle.sin()], dim=1) * 2
    return centre + 0.05 * torch.randn(n, 2)


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, o))


G, D = mlp(Z, 2), mlp(2, 1)
opt_g = torch.optim.Adam(G.parameters(), lr=1e-4, betas=(0.0, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-4, betas=(0.0, 0.9))


def gradient_penalty(critic, real, fake):
    alpha = torch.rand(real.size(0), 1)
    mixed = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    score = critic(mixed)
    (grad,) = autograd.grad(score.sum(), mixed, create_graph=True)
    return ((grad.norm(2, dim=1) - 1) ** 2).mean()


for it in range(40):
    for _ in range(N_CRITIC):
        real = real_batch(BS)
        with torch.no_grad():
            fake = G(torch.randn(BS, Z))
        d_loss = D(fake).mean() - D(real).mean() + LAMBDA * gradient_penalty(D, real, fake)
        opt_d.zero_grad()
        d_loss.backward()
        opt_d.step()

    for p in D.parameters():
        p.requires_grad_(False)
    g_loss = -D(G(torch.randn(BS, Z))).mean()
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    for p in D.parameters():
        p.requires_grad_(True)

    if it % 10 == 0:
        print(f"{it:3d} critic {d_loss.item():.3f} generator {g_loss.item():.3f}")

G.eval()
with torch.no_grad():
    radius = G(torch.randn(256, Z)).norm(dim=1)
print("mean radius", radius.mean().item())
