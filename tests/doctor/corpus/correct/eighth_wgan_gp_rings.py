"""WGAN-GP on a ring of eight Gaussians (Gulrajani et al. 2017, toy section)."""
import math
from itertools import islice

import torch
from torch import nn

torch.manual_seed(0)
N_CRITIC, LAMBDA, B, Z = 5, 0.1, 128, 2


def real_batches(gen=torch.Generator().manual_seed(3)):
    angle = torch.arange(8) * (2 * math.pi / 8)
    centres = torch.stack([angle.cos(), angle.sin()], 1) * 2
    while True:
        k = torch.randint(8, (B,), generator=gen)
        yield (centres[k] + 0.05 * torch.randn(B, 2, generator=gen)) / math.sqrt(2)


def mlp(i, o, h=96):
    return nn.Sequential(nn.Linear(i, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, o))


G, D = mlp(Z, 2), mlp(2, 1)            # the critic ends in a raw score: no sigmoid, no batch norm
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.9))


def gradient_penalty(real, fake):
    eps = torch.rand(real.size(0), 1)
    x = (eps * real + (1 - eps) * fake).requires_grad_()
    (g,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return ((g.norm(2, dim=1) - 1) ** 2).mean()


def critic_step(real):
    with torch.no_grad():
        fake = G(torch.randn(B, Z))
    wasserstein = D(real).mean() - D(fake).mean()
    loss = -wasserstein + LAMBDA * gradient_penalty(real, fake)
    opt_d.zero_grad()
    loss.backward()
    opt_d.step()
    return wasserstein.item()


def generator_step():
    for p in D.parameters():
        p.requires_grad_(False)        # gradients pass through the critic, not into it
    loss = -D(G(torch.randn(B, Z))).mean()
    opt_g.zero_grad()
    loss.backward()
    opt_g.step()
    for p in D.parameters():
        p.requires_grad_(True)


@torch.no_grad()
def modes_covered(n=1000):
    x = G(torch.randn(n, Z)) * math.sqrt(2)
    angle = torch.atan2(x[:, 1], x[:, 0])
    k = torch.round(angle / (2 * math.pi / 8)).long() % 8
    close = (x.norm(dim=1) - 2).abs() < 0.4
    return (torch.bincount(k[close], minlength=8) > 20).sum().item(), close.float().mean().item()


data = real_batches()
for step in range(1, 121):
    for real in islice(data, N_CRITIC):
        w = critic_step(real)
    generator_step()
    if step % 30 == 0:
        covered, frac = modes_covered()
        print(f"step {step:4d}  critic distance {w:.3f}  modes {covered}/8  on the ring {frac:.2f}")
