# GAN on a ring of Gaussians, hinge loss, spectral norm, EMA generator
import argparse
import copy
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.parametrizations import spectral_norm as sn


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--steps", type=int, default=200)
    p.add_argument("--bs", type=int, default=128)
    p.add_argument("--nz", type=int, default=8)
    p.add_argument("--n-critic", type=int, default=2)
    p.add_argument("--ema", type=float, default=0.99)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


def real_batch(n, modes=8):
    k = torch.randint(modes, (n,))
    a = 2 * math.pi * k / modes
    return torch.stack([a.cos(), a.sin()], 1) + 0.05 * torch.randn(n, 2)


def make_g(nz):
    return nn.Sequential(nn.Linear(nz, 64), nn.BatchNorm1d(64), nn.ReLU(),
                         nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 2))


def make_d():
    return nn.Sequential(sn(nn.Linear(2, 64)), nn.LeakyReLU(0.2),
                         sn(nn.Linear(64, 64)), nn.LeakyReLU(0.2), sn(nn.Linear(64, 1)))


@torch.no_grad()
def update_ema(avg, net, decay):
    for a, b in zip(avg.parameters(), net.parameters()):
        a.lerp_(b, 1 - decay)
    for a, b in zip(avg.buffers(), net.buffers()):
        a.copy_(b)


def main():
    opt = get_args()
    torch.manual_seed(opt.seed)
    G, D = make_g(opt.nz), make_d()
    G_avg = copy.deepcopy(G).requires_grad_(False).eval()
    opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.0, 0.9))
    opt_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.0, 0.9))

    for step in range(1, opt.steps + 1):
        for _ in range(opt.n_critic):
            with torch.no_grad():
                fake = G(torch.randn(opt.bs, opt.nz))
            d_loss = F.relu(1 - D(real_batch(opt.bs))).mean() + F.relu(1 + D(fake)).mean()
            opt_d.zero_grad(set_to_none=True)
            d_loss.backward()
            opt_d.step()

        D.requires_grad_(False)
        g_loss = -D(G(torch.randn(opt.bs, opt.nz))).mean()
        opt_g.zero_grad(set_to_none=True)
        g_loss.backward()
        opt_g.step()
        D.requires_grad_(True)
        update_ema(G_avg, G, opt.ema)

        if step % 100 == 0:
            with torch.no_grad():
                s = G_avg(torch.randn(2000, opt.nz))
            r = s.norm(dim=1)
            sector = ((torch.atan2(s[:, 1], s[:, 0]) / (2 * math.pi) * 8).round() % 8).long()
            hits = torch.bincount(sector[(r - 1).abs() < 0.25], minlength=8)
            print(f"{step:4d} d {d_loss.item():.3f} g {g_loss.item():.3f} radius {r.mean():.3f} modes {(hits > 20).sum()}")


if __name__ == "__main__":
    main()
