"""WGAN-GP: five critic steps per generator step, gradient penalty through autograd.grad, requires_grad toggled by a context manager."""
import contextlib
import itertools

import torch
from torch import nn, autograd
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(11)
Z, LAMBDA, N_CRITIC = 6, 10.0, 5


@contextlib.contextmanager
def frozen(module):
    previous = [p.requires_grad for p in module.parameters()]
    module.requires_grad_(False)
    try:
        yield module
    finally:
        for p, flag in zip(module.parameters(), previous):
            p.requires_grad_(flag)


def mlp(n_in, n_out, width=64, act=nn.LeakyReLU):
    return nn.Sequential(nn.Linear(n_in, width), act(), nn.Linear(width, width), act(), nn.Linear(width, n_out))


def two_moons(n):
    t = torch.rand(n) * torch.pi
    side = torch.randint(2, (n,)).float()
    x = torch.where(side == 0, t.cos(), 1 - t.cos())
    y = torch.where(side == 0, t.sin(), 0.5 - t.sin())
    return torch.stack([x, y], 1) + 0.05 * torch.randn(n, 2)


def gradient_penalty(critic, real, fake):
    eps = torch.rand(real.size(0), 1)
    mix = (eps * real + (1 - eps) * fake).requires_grad_(True)
    out = critic(mix)
    # samples do not interact in the critic (no BatchNorm), so d sum / d mix holds every sample's own gradient
    (g,) = autograd.grad(out.sum(), mix, create_graph=True)
    return ((g.norm(2, dim=1) - 1) ** 2).mean()


def endless(loader):
    while True:
        yield from loader


def wasserstein_gap(critic, a, b):
    with torch.no_grad():
        return (critic(a).mean() - critic(b).mean()).item()


train = two_moons(2048)
held_out = two_moons(512)
mean, std = train.mean(0), train.std(0)
loader = DataLoader(TensorDataset((train - mean) / std), batch_size=128, shuffle=True, drop_last=True)
held_out = (held_out - mean) / std

gen, critic = mlp(Z, 2, act=nn.ReLU), mlp(2, 1)
opt_g = torch.optim.Adam(gen.parameters(), lr=3e-4, betas=(0.0, 0.9))
opt_c = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.0, 0.9))

stream = endless(loader)
for it in range(60):
    for (real,) in itertools.islice(stream, N_CRITIC):
        with torch.no_grad():
            fake = gen(torch.randn(real.size(0), Z))
        opt_c.zero_grad(set_to_none=True)
        loss_c = critic(fake).mean() - critic(real).mean() + LAMBDA * gradient_penalty(critic, real, fake)
        loss_c.backward()
        opt_c.step()

    with frozen(critic):  # gradients flow through the critic, not into it
        opt_g.zero_grad(set_to_none=True)
        loss_g = -critic(gen(torch.randn(128, Z))).mean()  # negative values are expected: a score, not a probability
        loss_g.backward()
        opt_g.step()

    if (it + 1) % 20 == 0:
        with torch.no_grad():
            sample = gen(torch.randn(512, Z))
        gap = wasserstein_gap(critic, held_out, sample)
        dist = torch.cdist(sample, held_out).min(1).values.mean().item()
        print(f"it {it + 1}: critic loss {loss_c.item():.3f} held-out gap {gap:.3f} nearest held-out {dist:.3f}")

assert all(p.requires_grad for p in critic.parameters())
