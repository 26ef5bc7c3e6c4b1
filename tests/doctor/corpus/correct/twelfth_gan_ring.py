# Non-saturating GAN on a ring of gaussians
import argparse
import math

import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--iters", type=int, default=600)
parser.add_argument("--batch", type=int, default=128)
parser.add_argument("--zdim", type=int, default=4)
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--seed", type=int, default=6)
opt = parser.parse_args()
torch.manual_seed(opt.seed)

MODES, RADIUS, STD = 6, 1.5, 0.2


def mode_centers():
    angle = torch.arange(MODES) * (2 * math.pi / MODES)
    return RADIUS * torch.stack([angle.cos(), angle.sin()], dim=1)


def sample_real(n):
    return mode_centers()[torch.randint(0, MODES, (n,))] + STD * torch.randn(n, 2)


def mlp(n_in, n_out, act):
    return nn.Sequential(nn.Linear(n_in, 64), act(), nn.Linear(64, 64), act(), nn.Linear(64, n_out))


G = mlp(opt.zdim, 2, nn.ReLU)
D = mlp(2, 1, lambda: nn.LeakyReLU(0.2))
opt_g = torch.optim.Adam(G.parameters(), lr=opt.lr, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=opt.lr, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(opt.batch, 1), torch.zeros(opt.batch, 1)

for i in range(1, opt.iters + 1):
    # discriminator
    with torch.no_grad():
        fake = G(torch.randn(opt.batch, opt.zdim))
    d_loss = bce(D(sample_real(opt.batch)), ones) + bce(D(fake), zeros)
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    # generator
    g_loss = bce(D(G(torch.randn(opt.batch, opt.zdim))), ones)
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()

    if i % 150 == 0:
        print(f"[{i}/{opt.iters}] d_loss {d_loss.item():.3f} g_loss {g_loss.item():.3f}")

with torch.no_grad():
    points = G(torch.randn(1000, opt.zdim))
dist, nearest = torch.cdist(points, mode_centers()).min(dim=1)
good = dist < 3 * STD
print(f"high quality samples {good.float().mean().item():.2f}, modes covered {len(nearest[good].unique())}/{MODES}")
