import math

import torch
import torch.nn as nn

torch.manual_seed(11)
BATCH, NOISE, STEPS = 128, 4, 400


def sample_ring(n):
    """Points on a noisy circle of radius 2."""
    angle = torch.rand(n) * 2 * math.pi
    xy = torch.stack([angle.cos(), angle.sin()], dim=1) * 2.0
    return xy + 0.05 * torch.randn(n, 2)


def mlp(i, o):
    return nn.Sequential(
        nn.Linear(i, 32), nn.LeakyReLU(0.2),
        nn.Linear(32, 32), nn.LeakyReLU(0.2),
        nn.Linear(32, o),
    )


gen, disc = mlp(NOISE, 2), mlp(2, 1)
opt_g = torch.optim.Adam(gen.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(disc.parameters(), lr=1e-3, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)

for step in range(1, STEPS + 1):
    # --- discriminator
    real = sample_ring(BATCH)
    fake = gen(torch.randn(BATCH, NOISE)).detach()
    loss_d = bce(disc(real), ones) + bce(disc(fake), zeros)
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()

    # --- generator
    loss_g = bce(disc(gen(torch.randn(BATCH, NOISE))), ones)
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()

    if step % 100 == 0:
        with torch.no_grad():
            radius = gen(torch.randn(512, NOISE)).norm(dim=1)
        print(f"{step:4d} D {loss_d.item():.3f} G {loss_g.item():.3f} "
              f"radius {radius.mean().item():.2f} +- {radius.std().item():.2f}")
