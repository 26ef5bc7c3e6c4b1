"""WGAN-GP on a ring of eight Gaussians."""
import math

import torch
from torch import nn

torch.manual_seed(11)

LATENT = 8
N_CRITIC = 3
GP_WEIGHT = 1.0
BATCH = 96


def mlp(n_in, n_out, width=64):
    return nn.Sequential(
        nn.Linear(n_in, width), nn.LeakyReLU(0.2),
        nn.Linear(width, width), nn.LeakyReLU(0.2),
        nn.Linear(width, n_out),
    )


ANGLES = torch.arange(8) * (2 * math.pi / 8)
CENTRES = torch.stack([ANGLES.cos(), ANGLES.sin()], dim=1)


def sample_real(n):
    which = torch.randint(0, 8, (n,))
    return CENTRES[which] + 0.05 * torch.randn(n, 2)


def gradient_penalty(critic, real, fake):
    alpha = torch.rand(real.size(0), 1)
    mixed = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    (grad,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    return ((grad.norm(2, dim=1) - 1) ** 2).mean()


generator = mlp(LATENT, 2)
critic = mlp(2, 1)
opt_g = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=(0.0, 0.9))
opt_c = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.0, 0.9))

for it in range(360):
    for _ in range(N_CRITIC):
        real = sample_real(BATCH)
        with torch.no_grad():
            fake = generator(torch.randn(BATCH, LATENT))
        wasserstein = critic(real).mean() - critic(fake).mean()
        penalty = gradient_penalty(critic, real, fake)
        opt_c.zero_grad(set_to_none=True)
        (-wasserstein + GP_WEIGHT * penalty).backward()
        opt_c.step()

    critic.requires_grad_(False)
    loss_g = -critic(generator(torch.randn(BATCH, LATENT))).mean()
    opt_g.zero_grad(set_to_none=True)
    loss_g.backward()
    opt_g.step()
    critic.requires_grad_(True)

    if (it + 1) % 120 == 0:
        print(f"it {it + 1:4d}  W {wasserstein.item():.3f}  gp {penalty.item():.3f}  G {loss_g.item():.3f}")

with torch.no_grad():
    points = generator(torch.randn(1000, LATENT))
    dist, nearest = torch.cdist(points, CENTRES).min(dim=1)
covered = nearest[dist < 0.3].unique().numel()
print(f"modes covered {covered}/8, mean distance to a centre {dist.mean().item():.3f}")
