import argparse
import torch
from torch import nn, optim

p = argparse.ArgumentParser()
p.add_argument("--iters", type=int, default=500)
p.add_argument("--bs", type=int, default=64)
p.add_argument("--nz", type=int, default=3)
p.add_argument("--lr", type=float, default=1e-3)
opt = p.parse_args()
torch.manual_seed(23)


def real_batch(n):
    centers = torch.tensor([[1.5, 1.5], [2.5, 1.0]])
    return centers[torch.randint(0, 2, (n,))] + 0.15 * torch.randn(n, 2)


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32), nn.LeakyReLU(0.2), nn.Linear(32, o))


netG, netD = mlp(opt.nz, 2), mlp(2, 1)
optG = optim.Adam(netG.parameters(), lr=opt.lr, betas=(0.5, 0.999))
optD = optim.Adam(netD.parameters(), lr=opt.lr, betas=(0.5, 0.999))
criterion = nn.BCEWithLogitsLoss()
REAL, FAKE = 1.0, 0.0

for it in range(opt.iters):
    # (1) discriminator
    netD.zero_grad(set_to_none=True)
    label = torch.full((opt.bs, 1), REAL)
    errD_real = criterion(netD(real_batch(opt.bs)), label)
    errD_real.backward()
    fake = netG(torch.randn(opt.bs, opt.nz))
    label.fill_(FAKE)
    errD_fake = criterion(netD(fake.detach()), label)
    errD_fake.backward()
    optD.step()

    # (2) generator
    netG.zero_grad(set_to_none=True)
    errG = criterion(netD(fake), label)
    errG.backward()
    optG.step()
    if it % 100 == 0:
        print(f"[{it}] D {(errD_real + errD_fake).item():.3f} G {errG.item():.3f}")

with torch.no_grad():
    gap = (netG(torch.randn(1000, opt.nz)).mean(0) - real_batch(1000).mean(0)).norm()
print(f"distance of the means {gap.item():.3f}")
