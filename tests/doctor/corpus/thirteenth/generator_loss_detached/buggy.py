import torch
import torch.nn as nn

torch.manual_seed(31)
nz, bs, n_iter = 4, 64, 300


def real_batch(n):
    return torch.randn(n, 2) * 0.3 + torch.tensor([2.0, -1.0])


netG = nn.Sequential(nn.Linear(nz, 32), nn.ReLU(), nn.Linear(32, 2))
netD = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
optG = torch.optim.Adam(netG.parameters(), lr=1e-3, betas=(0.5, 0.999))
optD = torch.optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(bs, 1), torch.zeros(bs, 1)

for it in range(n_iter):
    # (1) D: real -> 1, fake -> 0
    fake = netG(torch.randn(bs, nz))
    optD.zero_grad()
    lossD = bce(netD(real_batch(bs)), ones) + bce(netD(fake.detach()), zeros)
    lossD.backward()
    optD.step()

    # (2) G: make D say 1
    optG.zero_grad()
    lossG = bce(netD(fake.detach()), ones)
    lossG.backward()
    optG.step()

    if it % 60 == 0:
        print("[%d/%d] Loss_D: %.4f Loss_G: %.4f" % (it, n_iter, lossD.item(), lossG.item()))

netG.eval()
with torch.no_grad():
    samples = netG(torch.randn(1000, nz))
print("mean of samples", samples.mean(0).tolist())
