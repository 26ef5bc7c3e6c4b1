"""WGAN-GP on a ring of eight Gaussians."""
import math

import torch
from torch import autograd, nn

torch.manual_seed(3)
N_CRITIC, LAMBDA, Z, BATCH = 4, 10.0, 8, 128


def sample_real(n):
    k = torch.randint(8, (n,))
    ang = 2 * math.pi * k / 8
    centre = torch.stack([ang.cos(), ang.sin()], 1) * 2.0
    return centre + 0.05 * torch.randn(n, 2)


def mlp(i, o):
    # no batch norm: the penalty is defined for each sample on its own
    return nn.Sequential(nn.Linear(i, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, o))


G, C = mlp(Z, 2), mlp(2, 1)
opt_g = torch.optim.Adam(G.parameters(), lr=2e-4, betas=(0.0, 0.9))
opt_c = torch.optim.Adam(C.parameters(), lr=2e-4, betas=(0.0, 0.9))


def gradient_penalty(real, fake):
    eps = torch.rand(real.size(0), 1)
    mid = (eps * real + (1 - eps) * fake).requires_grad_(True)
    grad, = autograd.grad(C(mid).sum(), mid, create_graph=True)
    return ((grad.norm(2, dim=1) - 1) ** 2).mean()


for it in range(1, 121):
    for _ in range(N_CRITIC):
        real = sample_real(BATCH)
        with torch.no_grad():
            fake = G(torch.randn(BATCH, Z))
        loss_c = C(fake).mean() - C(real).mean() + LAMBDA * gradient_penalty(real, fake)
        opt_c.zero_grad(set_to_none=True)
        loss_c.backward()
        opt_c.step()

    # the critic's weights stay out of the generator's graph, its input gradient does not
    C.requires_grad_(False)
    loss_g = -C(G(torch.randn(BATCH, Z))).mean()
    opt_g.zero_grad(set_to_none=True)
    loss_g.backward()
    opt_g.step()
    C.requires_grad_(True)

    if it % 40 == 0:
        print(f"{it:4d}  critic {loss_c.item():+.3f}  gen {loss_g.item():+.3f}")

with torch.no_grad():
    radius = G(torch.randn(1000, Z)).norm(dim=1)
print(f"generated radius {radius.mean():.2f} +- {radius.std():.2f}")
