import torch
import torch.nn as nn

torch.manual_seed(0)


def real_batch(n):
    # ring of eight gaussians
    k = torch.randint(0, 8, (n,)) * (2 * torch.pi / 8)
    return torch.stack([k.cos(), k.sin()], 1) + 0.05 * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self, nz):
        super().__init__()
        self.nz = nz
        self.main = nn.Sequential(
            nn.Linear(nz, 64), nn.ReLU(True),
            nn.Linear(64, 64), nn.ReLU(True),
            nn.Linear(64, 2),
        )

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(2, 64), nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(64, 64), nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(64, 1),
        )

    def forward(self, x):
        return self.main(x).view(-1)


netG, netD = Generator(8), Discriminator()
criterion = nn.BCEWithLogitsLoss()
optG = torch.optim.Adam(netG.parameters(), lr=1e-3, betas=(0.5, 0.999))
optD = torch.optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.999))


def step(n=128):
    ones, zeros = torch.ones(n), torch.zeros(n)

    # (1) D: real up, fake down
    real = real_batch(n)
    fake = netG(torch.randn(n, netG.nz))
    optD.zero_grad()
    errD_real = criterion(netD(real), ones)
    errD_fake = criterion(netD(fake.detach()), zeros)
    (errD_real + errD_fake).backward()
    optD.step()

    # (2) G: make D say "real"
    optG.zero_grad()
    errG = criterion(netD(fake), ones)
    errG.backward()
    optG.step()
    return (errD_real + errD_fake).item(), errG.item()


for it in range(800):
    d, g = step()
    if it % 200 == 199:
        with torch.no_grad():
            s = netG(torch.randn(1000, netG.nz))
        off = (s.norm(dim=1) - 1).abs().mean().item()
        print(f"[{it + 1}] D {d:.3f} G {g:.3f} mean distance to the ring {off:.3f}")
