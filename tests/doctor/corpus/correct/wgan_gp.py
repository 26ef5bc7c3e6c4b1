"""WGAN-GP on a ring of Gaussians; critic and generator have their own optimizers."""
import math

import torch
from torch import nn

torch.manual_seed(0)
LATENT, BATCH, N_CRITIC, LAMBDA = 4, 128, 5, 1.0


def real_batch(n):
    k = torch.randint(0, 8, (n,)) * (2 * math.pi / 8)
    return 2 * torch.stack([k.cos(), k.sin()], 1) + 0.1 * torch.randn(n, 2)


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, o))


def gradient_penalty(critic, real, fake):
    eps = torch.rand(real.size(0), 1)
    mix = (eps * real + (1 - eps) * fake).requires_grad_(True)
    (grad,) = torch.autograd.grad(critic(mix).sum(), mix, create_graph=True)
    return ((grad.norm(2, dim=1) - 1) ** 2).mean()


gen, critic = mlp(LATENT, 2), mlp(2, 1)  # no batch norm in the critic: the penalty is per sample
opt_g = torch.optim.Adam(gen.parameters(), lr=5e-4, betas=(0.0, 0.9))
opt_c = torch.optim.Adam(critic.parameters(), lr=5e-4, betas=(0.0, 0.9))

for it in range(1, 241):
    for _ in range(N_CRITIC):
        real = real_batch(BATCH)
        with torch.no_grad():
            fake = gen(torch.randn(BATCH, LATENT))
        gap = critic(real).mean() - critic(fake).mean()
        c_loss = -gap + LAMBDA * gradient_penalty(critic, real, fake)
        opt_c.zero_grad()
        c_loss.backward()
        opt_c.step()
    critic.requires_grad_(False)  # gradients flow through the critic, not into its weights
    g_loss = -critic(gen(torch.randn(BATCH, LATENT))).mean()
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    critic.requires_grad_(True)
    if it % 80 == 0:
        print(f"iter {it}: wasserstein estimate {gap.item():.3f}")

gen.eval()
with torch.no_grad():
    s = gen(torch.randn(2000, LATENT))
print(f"mean radius {s.norm(dim=1).mean():.3f} (target about 2)")
