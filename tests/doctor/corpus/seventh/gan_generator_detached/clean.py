import argparse
import torch
from torch import nn, optim

parser = argparse.ArgumentParser(description="tiny GAN, two-dimensional ring")
parser.add_argument("--steps", type=int, default=400)
parser.add_argument("--batch-size", type=int, default=128)
parser.add_argument("--nz", type=int, default=4)
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--seed", type=int, default=9)
opt = parser.parse_args()
torch.manual_seed(opt.seed)


def ring(n):
    angle = torch.rand(n) * 2 * torch.pi
    radius = 2.0 + 0.1 * torch.randn(n)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)


def mlp(n_in, n_out, act):
    return nn.Sequential(nn.Linear(n_in, 64), act, nn.Linear(64, 64), act, nn.Linear(64, n_out))


netG = mlp(opt.nz, 2, nn.ReLU())
netD = mlp(2, 1, nn.LeakyReLU(0.2))
optG = optim.Adam(netG.parameters(), lr=opt.lr, betas=(0.5, 0.999))
optD = optim.Adam(netD.parameters(), lr=opt.lr, betas=(0.5, 0.999))
criterion = nn.BCEWithLogitsLoss()
ones = torch.ones(opt.batch_size, 1)
zeros = torch.zeros(opt.batch_size, 1)


def d_step(real, fake):
    optD.zero_grad()
    loss = criterion(netD(real), ones) + criterion(netD(fake.detach()), zeros)
    loss.backward()
    optD.step()
    return loss.item()


def g_step(fake):
    optG.zero_grad()
    loss = criterion(netD(fake), ones)
    loss.backward()
    optG.step()
    return loss.item()


for step in range(opt.steps):
    fake = netG(torch.randn(opt.batch_size, opt.nz))
    lossD = d_step(ring(opt.batch_size), fake)
    lossG = g_step(fake)
    if step % 100 == 0:
        print("[%4d/%d] loss D %.3f  loss G %.3f" % (step, opt.steps, lossD, lossG))

with torch.no_grad():
    radius = netG(torch.randn(1000, opt.nz)).norm(dim=1)
print("radius of generated points: mean %.2f std %.2f (data 2.00, 0.10)" % (radius.mean(), radius.std()))
