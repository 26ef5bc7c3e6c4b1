"""Binaere Segmentierung kleiner Ellipsen, U-Net im Taschenformat."""
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class RandomFlip:
    def __init__(self, p=0.5):
        self.p = p

    def __call__(self, t):
        return t.flip(-1) if random.random() < self.p else t


class Ellipses(Dataset):
    def __init__(self, n, seed, transform=None, size=16):
        g = torch.Generator().manual_seed(seed)
        yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        c = torch.rand(n, 2, 1, 1, generator=g) * (size - 6) + 3
        r = torch.rand(n, 2, 1, 1, generator=g) * 2 + 2
        m = (((yy - c[:, 0]) / r[:, 0]) ** 2 + ((xx - c[:, 1]) / r[:, 1]) ** 2) <= 1
        self.mask = m.float().unsqueeze(1)
        self.img = 0.8 * self.mask + 0.5 * torch.randn(n, 1, size, size, generator=g)
        self.transform = transform

    def __len__(self):
        return len(self.img)

    def __getitem__(self, i):
        img, mask = self.img[i], self.mask[i]
        if self.transform is not None:
            img, mask = self.transform(img), self.transform(mask)
        return img, mask


class PocketUNet(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.d1 = nn.Sequential(nn.Conv2d(1, c, 3, padding=1), nn.ReLU())
        self.d2 = nn.Sequential(nn.Conv2d(c, 2 * c, 3, padding=1), nn.ReLU())
        self.up = nn.ConvTranspose2d(2 * c, c, 2, stride=2)
        self.out = nn.Sequential(nn.Conv2d(2 * c, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, 1, 1))

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        return self.out(torch.cat([a, self.up(b)], dim=1))


def dice_loss(logits, y, eps=1.0):
    p = torch.sigmoid(logits).flatten(1)
    y = y.flatten(1)
    return (1 - (2 * (p * y).sum(1) + eps) / (p.sum(1) + y.sum(1) + eps)).mean()


@torch.no_grad()
def iou(net, dl):
    net.eval()
    inter = union = 0
    for x, y in dl:
        p, y = net(x) > 0, y > 0.5
        inter += (p & y).sum().item()
        union += (p | y).sum().item()
    return inter / max(union, 1)


def main():
    random.seed(6)
    torch.manual_seed(6)
    train_dl = DataLoader(Ellipses(480, 1, RandomFlip()), batch_size=24, shuffle=True)
    val_dl = DataLoader(Ellipses(160, 2), batch_size=80)
    net = PocketUNet()
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(6):
        net.train()
        total = 0.0
        for x, y in train_dl:
            logits = net(x)
            loss = F.binary_cross_entropy_with_logits(logits, y) + dice_loss(logits, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(x)
        print(f"Epoche {epoch} Verlust {total / len(train_dl.dataset):.3f} IoU {iou(net, val_dl):.3f}")


if __name__ == "__main__":
    main()
