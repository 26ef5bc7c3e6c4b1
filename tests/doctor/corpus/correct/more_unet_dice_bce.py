"""Kleines U-Net, binaere Segmentierung; Dice wird je Bild berechnet und dann gemittelt."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


def bilder(n, seite=16):
    yy, xx = torch.meshgrid(torch.arange(seite), torch.arange(seite), indexing="ij")
    c = torch.randint(4, 12, (n, 2, 1, 1))
    r = torch.randint(2, 5, (n, 1, 1))
    maske = ((yy - c[:, 0]) ** 2 + (xx - c[:, 1]) ** 2 <= r ** 2).float().unsqueeze(1)
    return maske * 0.8 + 0.3 * torch.randn_like(maske), maske


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.d1, self.d2, self.mitte = block(1, c), block(c, 2 * c), block(2 * c, 4 * c)
        self.hoch2, self.u2 = nn.ConvTranspose2d(4 * c, 2 * c, 2, 2), block(4 * c, 2 * c)
        self.hoch1, self.u1 = nn.ConvTranspose2d(2 * c, c, 2, 2), block(2 * c, c)
        self.aus = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        m = self.mitte(F.max_pool2d(b, 2))
        y = self.u2(torch.cat([self.hoch2(m), b], 1))
        return self.aus(self.u1(torch.cat([self.hoch1(y), a], 1)))


def dice_verlust(logits, ziel, eps=1.0):
    p = logits.sigmoid().flatten(1)
    z = ziel.flatten(1)
    return (1 - (2 * (p * z).sum(1) + eps) / (p.sum(1) + z.sum(1) + eps)).mean()


@torch.no_grad()
def iou(netz, x, z):
    netz.eval()
    p = netz(x) > 0                       # Logit 0 entspricht Wahrscheinlichkeit 0.5
    z = z.bool()
    schnitt, summe = (p & z).flatten(1).sum(1), (p | z).flatten(1).sum(1)
    return (schnitt / summe).mean().item()      # jede Maske hat Vordergrund, also nie 0/0


x, z = bilder(240)
xv, zv = bilder(60)
netz = UNet()
opt = torch.optim.Adam(netz.parameters(), lr=5e-3)
for epoche in range(4):
    netz.train()
    for i in torch.randperm(len(x)).split(24):
        aus = netz(x[i])
        verlust = F.binary_cross_entropy_with_logits(aus, z[i]) + dice_verlust(aus, z[i])
        opt.zero_grad()
        verlust.backward()
        opt.step()
    print(f"Epoche {epoche}: IoU auf neuen Bildern {iou(netz, xv, zv):.3f}")
