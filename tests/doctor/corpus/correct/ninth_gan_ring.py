"""Non-saturating GAN on an eight-mode ring. Two optimizers, D step then G step."""
import math

import torch
import torch.nn as nn

torch.manual_seed(3)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
NZ, BS, STEPS = 8, 128, 500


def real_batch(n):
    k = torch.randint(0, 8, (n,))
    ang = k * (2 * math.pi / 8)
    centre = torch.stack([ang.cos(), ang.sin()], dim=1)
    return (centre + 0.05 * torch.randn(n, 2)).to(device)


def weights_init(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
        nn.init.zeros_(m.bias)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(NZ, 64), nn.ReLU(True), nn.Linear(64, 64), nn.ReLU(True), nn.Linear(64, 2))

    def forward(self, z):
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2, True), nn.Linear(64, 64), nn.LeakyReLU(0.2, True),
                                 nn.Linear(64, 1))

    def forward(self, x):
        return self.net(x).squeeze(1)


G, D = Generator().to(device), Discriminator().to(device)
G.apply(weights_init)
D.apply(weights_init)
bce = nn.BCEWithLogitsLoss()
optG = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
optD = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
fixed = torch.randn(400, NZ, device=device)
ones, zeros = torch.ones(BS, device=device), torch.zeros(BS, device=device)


def modes_covered(x):
    ang = torch.arange(8, device=x.device) * (2 * math.pi / 8)
    c = torch.stack([ang.cos(), ang.sin()], 1)
    d, k = torch.cdist(x, c).min(1)
    return int(torch.unique(k[d < 0.3]).numel())


for step in range(STEPS):
    # (1) discriminator: real up, fake down; the generator gets nothing from this loss
    real = real_batch(BS)
    fake = G(torch.randn(BS, NZ, device=device))
    optD.zero_grad()
    lossD = bce(D(real), ones * 0.9) + bce(D(fake.detach()), zeros)
    lossD.backward()
    optD.step()

    # (2) generator: the same fakes through the fresh discriminator
    optG.zero_grad()
    lossG = bce(D(fake), ones)
    lossG.backward()
    optG.step()

    if (step + 1) % 100 == 0:
        with torch.no_grad():
            pts = G(fixed)
        print(f"[{step + 1}/{STEPS}] D {lossD.item():.3f} G {lossG.item():.3f} modes {modes_covered(pts)}")
