import argparse
import torch
from torch import nn, optim

p = argparse.ArgumentParser()
p.add_argument("--iters", type=int, default=300)
p.add_argument("--bs", type=int, default=64)
p.add_argument("--nz", type=int, default=8)
p.add_argument("--lr", type=float, default=5e-4)
opt = p.parse_args()
torch.manual_seed(99)


def waves(n, length=24):
    """sinus curves with random phase and amplitude"""
    t = torch.linspace(0, 6.28, length)
    phase, amp = 6.28 * torch.rand(n, 1), 0.5 + 0.4 * torch.rand(n, 1)
    return amp * torch.sin(t + phase)


netG = nn.Sequential(nn.Linear(opt.nz, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 24), nn.Tanh())
netD = nn.Sequential(nn.Linear(24, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
optG = optim.Adam(netG.parameters(), lr=opt.lr, betas=(0.5, 0.999))
optD = optim.Adam(netD.parameters(), lr=opt.lr, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(opt.bs, 1), torch.zeros(opt.bs, 1)

for i in range(opt.iters):
    z = torch.randn(opt.bs, opt.nz)
    fake = netG(z)
    # -- generator
    optG.zero_grad()
    lossG = bce(netD(fake), ones)
    lossG.backward()
    optG.step()
    # -- discriminator
    optD.zero_grad()
    lossD = 0.5 * (bce(netD(waves(opt.bs)), ones) + bce(netD(fake.detach()), zeros))
    lossD.backward()
    optD.step()
    if (i + 1) % 100 == 0:
        print(f"{i + 1}/{opt.iters}  lossD {lossD.item():.3f}  lossG {lossG.item():.3f}")
