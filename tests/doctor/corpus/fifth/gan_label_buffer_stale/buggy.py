# Toy DCGAN-style loop on a 2-D ring of gaussians
import math

import torch
from torch import nn, optim

torch.manual_seed(999)

nz, batch_size, iters = 4, 64, 250
real_label, fake_label = 1.0, 0.0


def ring(n):
    k = torch.randint(0, 8, (n,))
    a = 2 * math.pi * k / 8
    return torch.stack([a.cos(), a.sin()], 1) + 0.05 * torch.randn(n, 2)


netG = nn.Sequential(nn.Linear(nz, 64), nn.ReLU(True), nn.Linear(64, 64), nn.ReLU(True), nn.Linear(64, 2))
netD = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2),
                     nn.Linear(64, 1), nn.Sigmoid())
criterion = nn.BCELoss()
fixed_noise = torch.randn(256, nz)
optimizerD = optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.999))
optimizerG = optim.Adam(netG.parameters(), lr=1e-3, betas=(0.5, 0.999))

label = torch.empty(batch_size)
for it in range(iters):
    # (1) Update D: maximize log(D(x)) + log(1 - D(G(z)))
    netD.zero_grad()
    label.fill_(real_label)
    output = netD(ring(batch_size)).view(-1)
    errD_real = criterion(output, label)
    errD_real.backward()
    D_x = output.mean().item()

    fake = netG(torch.randn(batch_size, nz))
    label.fill_(fake_label)
    output = netD(fake.detach()).view(-1)
    errD_fake = criterion(output, label)
    errD_fake.backward()
    D_G_z1 = output.mean().item()
    optimizerD.step()

    # (2) Update G: maximize log(D(G(z)))
    netG.zero_grad()
    output = netD(fake).view(-1)
    errG = criterion(output, label)
    errG.backward()
    D_G_z2 = output.mean().item()
    optimizerG.step()

    if it % 50 == 0:
        print("[%d/%d] Loss_D: %.4f Loss_G: %.4f D(x): %.4f D(G(z)): %.4f / %.4f"
              % (it, iters, errD_real.item() + errD_fake.item(), errG.item(), D_x, D_G_z1, D_G_z2))

netG.eval()
with torch.no_grad():
    print("mean radius of samples: %.3f (ring: 1.0)" % netG(fixed_noise).norm(dim=1).mean().item())
