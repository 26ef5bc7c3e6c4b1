import torch
import torch.nn as nn

torch.manual_seed(13)
Z, B = 6, 64


def real(n):
    k = torch.randint(0, 4, (n,))
    ang = k * 1.5708
    return torch.stack([ang.cos(), ang.sin()], 1) + 0.1 * torch.randn(n, 2)


netG = nn.Sequential(nn.Linear(Z, 48), nn.ReLU(True), nn.Linear(48, 48), nn.ReLU(True), nn.Linear(48, 2))
netD = nn.Sequential(nn.Linear(2, 48), nn.LeakyReLU(0.2, True), nn.Linear(48, 48), nn.LeakyReLU(0.2, True), nn.Linear(48, 1))
criterion = nn.BCEWithLogitsLoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.999))
ones, zeros = torch.ones(B, 1), torch.zeros(B, 1)

for it in range(500):
    # (1) D: log(D(x)) + log(1 - D(G(z)))
    netD.zero_grad()
    x = real(B)
    errD_real = criterion(netD(x), ones)
    errD_real.backward()
    fake = netG(torch.randn(B, Z))
    errD_fake = criterion(netD(fake.detach()), zeros)
    errD_fake.backward()
    optimizerD.step()

    # (2) G: log(D(G(z)))
    netG.zero_grad()
    errG = criterion(netD(fake), ones)
    errG.backward()
    optimizerG.step()

    if (it + 1) % 250 == 0:
        with torch.no_grad():
            pts = netG(torch.randn(500, Z))
            radius = pts.norm(dim=1)
        print("%d D %.3f G %.3f radius %.3f" % (it + 1, (errD_real + errD_fake).item(), errG.item(), radius.mean().item()))
