import torch
import torch.nn as nn
from torch import autograd, optim

torch.manual_seed(0)
LATENT, CRITIC_STEPS, LAMBDA = 64, 5, 10.0


def mlp(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 256), nn.LeakyReLU(0.2), nn.Linear(256, 256), nn.LeakyReLU(0.2), nn.Linear(256, n_out))


G, D = mlp(LATENT, 2), mlp(2, 1)
g_opt = optim.Adam(G.parameters(), lr=1e-4, betas=(0.0, 0.9))
d_opt = optim.Adam(D.parameters(), lr=1e-4, betas=(0.0, 0.9))


def real_samples(n):
    angle = 2 * torch.pi * torch.rand(n, 1)
    return torch.cat([angle.cos(), angle.sin()], dim=1) + 0.05 * torch.randn(n, 2)


def penalty(real, fake):
    eps = torch.rand(real.size(0), 1)
    mixed = (eps * real + (1 - eps) * fake).requires_grad_(True)
    (grad,) = autograd.grad(D(mixed).sum(), mixed, create_graph=True)
    return ((grad.norm(2, dim=1) - 1) ** 2).mean()


for step in range(5000):
    for _ in range(CRITIC_STEPS):
        real = real_samples(128)
        fake = G(torch.randn(128, LATENT)).detach()
        d_loss = D(fake).mean() - D(real).mean() + LAMBDA * penalty(real, fake)
        d_opt.zero_grad()
        d_loss.backward()
        d_opt.step()
    g_loss = -D(G(torch.randn(128, LATENT))).mean()
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
    if step % 500 == 0:
        print(step, d_loss.item(), g_loss.item())
