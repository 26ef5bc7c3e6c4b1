import argparse
import math

import torch
import torch.nn as nn
from torch import autograd

parser = argparse.ArgumentParser()
parser.add_argument("--n_iters", type=int, default=120, help="generator iterations")
parser.add_argument("--n_critic", type=int, default=4)
parser.add_argument("--batch_size", type=int, default=128)
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--b1", type=float, default=0.0)
parser.add_argument("--b2", type=float, default=0.9)
parser.add_argument("--latent_dim", type=int, default=8)
parser.add_argument("--lambda_gp", type=float, default=1.0)
opt = parser.parse_args()

torch.manual_seed(2)


def ring(n, generator=None):
    k = torch.randint(0, 8, (n,), generator=generator).float() * (2 * math.pi / 8)
    return torch.stack([k.cos(), k.sin()], 1) + 0.05 * torch.randn(n, 2, generator=generator)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()

        def block(i, o):
            return [nn.Linear(i, o), nn.BatchNorm1d(o), nn.ReLU()]

        self.model = nn.Sequential(*block(opt.latent_dim, 64), *block(64, 64), nn.Linear(64, 2))

    def forward(self, z):
        return self.model(z)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2),
                                   nn.Linear(64, 1))

    def forward(self, x):
        return self.model(x)


def compute_gradient_penalty(critic, real, fake):
    alpha = torch.rand(real.size(0), 1)
    interpolates = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    scores = critic(interpolates)
    gradients = autograd.grad(outputs=scores, inputs=interpolates, grad_outputs=torch.ones_like(scores),
                              create_graph=True, retain_graph=True)[0]
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


def sliced_wasserstein(a, b, n_proj=64):
    g = torch.Generator().manual_seed(0)
    p = torch.randn(2, n_proj, generator=g)
    p = p / p.norm(dim=0, keepdim=True)
    return ((a @ p).sort(0)[0] - (b @ p).sort(0)[0]).abs().mean().item()


def assess(generator, real):
    generator.eval()
    with torch.no_grad():
        fake = generator(torch.randn(len(real), opt.latent_dim))
    generator.train()
    return sliced_wasserstein(fake, real)


dataset = ring(4096, torch.Generator().manual_seed(0))
held_out = ring(1024, torch.Generator().manual_seed(1))
loader = torch.utils.data.DataLoader(dataset, batch_size=opt.batch_size, shuffle=True, drop_last=True)


def endless(loader):
    while True:
        yield from loader


generator, critic = Generator(), Critic()
optimizer_G = torch.optim.Adam(generator.parameters(), lr=opt.lr, betas=(opt.b1, opt.b2))
optimizer_D = torch.optim.Adam(critic.parameters(), lr=opt.lr, betas=(opt.b1, opt.b2))
print("sliced W1 before:", round(assess(generator, held_out), 4))

stream = endless(loader)
for it in range(opt.n_iters):
    # ---- critic
    critic.requires_grad_(True)
    for _ in range(opt.n_critic):
        real = next(stream)
        z = torch.randn(real.size(0), opt.latent_dim)
        fake = generator(z).detach()
        optimizer_D.zero_grad()
        gp = compute_gradient_penalty(critic, real, fake)
        d_loss = -critic(real).mean() + critic(fake).mean() + opt.lambda_gp * gp
        d_loss.backward()
        optimizer_D.step()

    # ---- generator: the critic passes the gradient on but collects none
    critic.requires_grad_(False)
    optimizer_G.zero_grad()
    g_loss = -critic(generator(torch.randn(opt.batch_size, opt.latent_dim))).mean()
    g_loss.backward()
    optimizer_G.step()

    if (it + 1) % 40 == 0:
        print("[Iter %d/%d] [D loss: %f] [G loss: %f] [GP %f] [sliced W1 %.4f]"
              % (it + 1, opt.n_iters, d_loss.item(), g_loss.item(), gp.item(), assess(generator, held_out)))
