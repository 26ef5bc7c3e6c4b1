import math
import torch
import torch.nn as nn
from torch import autograd


def real_batch(n):
    k = torch.randint(0, 8, (n,)).float() * (2 * math.pi / 8)
    return torch.stack([k.cos(), k.sin()], 1) * 2 + 0.05 * torch.randn(n, 2)


G = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))


def calc_gradient_penalty(critic, real, fake, weight=10.0):
    alpha = torch.rand(real.size(0), 1)
    mixed = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    score = critic(mixed)
    (grads,) = autograd.grad(
        outputs=score,
        inputs=mixed,
        grad_outputs=torch.ones_like(score),
        retain_graph=True,
    )
    return weight * (grads.norm(2, dim=1) - 1).pow(2).mean()


def critic_step(opt_d, n):
    real = real_batch(n)
    with torch.no_grad():
        fake = G(torch.randn(n, 4))
    gp = calc_gradient_penalty(D, real, fake)
    w_dist = D(real).mean() - D(fake).mean()
    opt_d.zero_grad()
    (gp - w_dist).backward()
    opt_d.step()
    return w_dist.item(), gp.item()


def generator_step(opt_g, n):
    opt_g.zero_grad()
    (-D(G(torch.randn(n, 4))).mean()).backward()
    opt_g.step()


if __name__ == "__main__":
    torch.manual_seed(0)
    for net in (G, D):
        for p in net.parameters():
            if p.dim() == 2:
                nn.init.kaiming_normal_(p)
    opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.9))
    opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.9))
    for it in range(61):
        for _ in range(5):
            w, gp = critic_step(opt_d, 64)
        generator_step(opt_g, 64)
        if it % 20 == 0:
            print("iter %d  W %.3f  gp %.3f" % (it, w, gp))
