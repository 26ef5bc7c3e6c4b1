"""DCGAN on 8x8 digits, following the layout of the well-known example: one step for D, one for G."""
import argparse

import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--batchSize", type=int, default=64)
parser.add_argument("--nz", type=int, default=12, help="size of the latent z vector")
parser.add_argument("--ngf", type=int, default=12)
parser.add_argument("--ndf", type=int, default=12)
parser.add_argument("--niter", type=int, default=4)
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--beta1", type=float, default=0.5)
parser.add_argument("--manualSeed", type=int, default=3)
opt = parser.parse_args()
torch.manual_seed(opt.manualSeed)

images = torch.tensor(load_digits().images, dtype=torch.float32).unsqueeze(1) / 8 - 1      # [-1, 1], as tanh
dataloader = DataLoader(TensorDataset(images), batch_size=opt.batchSize, shuffle=True, drop_last=True)


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight, 0.0, 0.02)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight, 1.0, 0.02)
        nn.init.zeros_(m.bias)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(opt.nz, opt.ngf * 2, 4, 1, 0, bias=False),     # 1 -> 4
            nn.BatchNorm2d(opt.ngf * 2), nn.ReLU(True),
            nn.ConvTranspose2d(opt.ngf * 2, opt.ngf, 4, 2, 1, bias=False),    # 4 -> 8
            nn.BatchNorm2d(opt.ngf), nn.ReLU(True),
            nn.Conv2d(opt.ngf, 1, 3, 1, 1, bias=False), nn.Tanh())

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(1, opt.ndf, 3, 1, 1, bias=False), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(opt.ndf, opt.ndf * 2, 4, 2, 1, bias=False),             # 8 -> 4
            nn.BatchNorm2d(opt.ndf * 2), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(opt.ndf * 2, 1, 4, 1, 0, bias=False), nn.Sigmoid())     # 4 -> 1

    def forward(self, x):
        return self.main(x).view(-1, 1).squeeze(1)


netG, netD = Generator(), Discriminator()
netG.apply(weights_init)
netD.apply(weights_init)
criterion = nn.BCELoss()              # D ends in a sigmoid
fixed_noise = torch.randn(8, opt.nz, 1, 1)
real_label, fake_label = 0.9, 0.0     # one-sided smoothing

optimizerD = optim.Adam(netD.parameters(), lr=opt.lr, betas=(opt.beta1, 0.999))
optimizerG = optim.Adam(netG.parameters(), lr=opt.lr, betas=(opt.beta1, 0.999))

for epoch in range(opt.niter):
    for i, (real,) in enumerate(dataloader):
        # (1) D: maximize log(D(x)) + log(1 - D(G(z)))
        netD.zero_grad()
        batch_size = real.size(0)
        label = torch.full((batch_size,), real_label)
        output = netD(real)           # real and fake in batches of their own, for BatchNorm
        errD_real = criterion(output, label)
        errD_real.backward()
        D_x = output.mean().item()

        noise = torch.randn(batch_size, opt.nz, 1, 1)
        fake = netG(noise)
        label.fill_(fake_label)
        output = netD(fake.detach())
        errD_fake = criterion(output, label)
        errD_fake.backward()          # adds to the gradients of the real half
        D_G_z1 = output.mean().item()
        optimizerD.step()

        # (2) G: maximize log(D(G(z)))
        netG.zero_grad()
        label.fill_(1.0)              # fake labels are real for the generator cost
        output = netD(fake)           # what D also collects here is cleared at the next (1)
        errG = criterion(output, label)
        errG.backward()
        D_G_z2 = output.mean().item()
        optimizerG.step()
    print(f"[{epoch + 1}/{opt.niter}] Loss_D {errD_real.item() + errD_fake.item():.3f} Loss_G {errG.item():.3f} "
          f"D(x) {D_x:.3f} D(G(z)) {D_G_z1:.3f} / {D_G_z2:.3f}")

netG.eval()
with torch.no_grad():
    sample = netG(fixed_noise)
real_mean, fake_mean = images.mean((0, 1)), sample.mean((0, 1))
print(f"mean absolute difference of the average image {(real_mean - fake_mean).abs().mean():.3f}")
for row in range(8):
    print("  ".join("".join(" .:*#"[min(4, int((v + 1) * 2.5))] for v in img[0, row]) for img in sample[:5]))
