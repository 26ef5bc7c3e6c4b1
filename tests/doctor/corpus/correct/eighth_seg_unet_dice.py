# Segmentation of noisy blobs with a two-level U-Net; loss = BCE + soft Dice.
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


@dataclass(frozen=True)
class Cfg:
    size: int = 24
    n_train: int = 160
    n_val: int = 48
    epochs: int = 5
    batch: int = 16
    lr: float = 3e-3
    seed: int = 1


def make_blobs(n, size, gen):
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    c = torch.rand(n, 2, 1, 1, generator=gen) * (size - 10) + 5
    r = torch.rand(n, 1, 1, generator=gen) * 3 + 2.5
    mask = ((yy - c[:, 0]) ** 2 + (xx - c[:, 1]) ** 2 <= r ** 2).float().unsqueeze(1)
    image = mask * 0.9 + torch.randn(n, 1, size, size, generator=gen) * 0.5
    return image, mask


class DoubleConv(nn.Sequential):
    def __init__(self, i, o):
        super().__init__(
            nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(True),
            nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(True))


class UNet(nn.Module):
    def __init__(self, ch=8):
        super().__init__()
        self.enc1 = DoubleConv(1, ch)
        self.enc2 = DoubleConv(ch, ch * 2)
        self.up = nn.ConvTranspose2d(ch * 2, ch, 2, stride=2)
        self.dec = DoubleConv(ch * 2, ch)
        self.out = nn.Conv2d(ch, 1, 1)
        # few pixels belong to the object: begin with a low foreground probability
        nn.init.zeros_(self.out.weight)
        nn.init.constant_(self.out.bias, -2.0)

    def forward(self, x):
        a = self.enc1(x)
        b = self.enc2(F.max_pool2d(a, 2))
        return self.out(self.dec(torch.cat([self.up(b), a], dim=1)))


class DiceBCE(nn.Module):
    def __init__(self, smooth=1.0, weight=0.5):
        super().__init__()
        self.smooth, self.weight = smooth, weight

    def forward(self, logits, target):
        bce = F.binary_cross_entropy_with_logits(logits, target)
        prob = logits.sigmoid().flatten(1)
        t = target.flatten(1)
        inter = (prob * t).sum(1)
        dice = (2 * inter + self.smooth) / (prob.sum(1) + t.sum(1) + self.smooth)
        return self.weight * bce + (1 - self.weight) * (1 - dice.mean())


class IoU:
    """Intersection and union are added up over the whole set, divided once."""

    def __init__(self):
        self.i = self.u = 0

    def update(self, logits, target):
        p, t = logits > 0, target.bool()           # logit 0 is probability 0.5
        self.i += (p & t).sum().item()
        self.u += (p | t).sum().item()

    def compute(self):
        return self.i / max(self.u, 1)


def random_flip(x, m):
    """The same flip for image and mask, drawn per sample."""
    h = torch.rand(x.size(0), 1, 1, 1) < 0.5
    v = torch.rand(x.size(0), 1, 1, 1) < 0.5
    x, m = torch.where(h, x.flip(-1), x), torch.where(h, m.flip(-1), m)
    return torch.where(v, x.flip(-2), x), torch.where(v, m.flip(-2), m)


def main(cfg=Cfg()):
    torch.manual_seed(cfg.seed)
    gen = torch.Generator().manual_seed(cfg.seed + 1)
    train = TensorDataset(*make_blobs(cfg.n_train, cfg.size, gen))
    val = TensorDataset(*make_blobs(cfg.n_val, cfg.size, gen))
    loader = DataLoader(train, cfg.batch, shuffle=True)
    vloader = DataLoader(val, cfg.batch)

    net, criterion = UNet(), DiceBCE()
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    for epoch in range(1, cfg.epochs + 1):
        net.train()
        total, seen = 0.0, 0
        for x, m in loader:
            x, m = random_flip(x, m)
            loss = criterion(net(x), m)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(x)
            seen += len(x)

        net.eval()
        iou, iou_tta = IoU(), IoU()
        with torch.no_grad():
            for x, m in vloader:
                z = net(x)
                iou.update(z, m)
                iou_tta.update((z + net(x.flip(-1)).flip(-1)) / 2, m)
        print(f"[{epoch}/{cfg.epochs}] loss {total / seen:.4f} "
              f"IoU {iou.compute():.3f} with flip {iou_tta.compute():.3f}")


if __name__ == "__main__":
    main()
