"""Binary segmentation of blobs. Small U-Net, BCE + soft Dice, flips shared by image and mask, IoU over the set."""
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset


class Blobs(Dataset):
    def __init__(self, n, seed, augment=False):
        rng = np.random.default_rng(seed)
        yy, xx = np.mgrid[0:16, 0:16]
        self.masks = np.zeros((n, 1, 16, 16), np.float32)
        for m in self.masks:
            for _ in range(rng.integers(0, 3)):          # some images are empty
                cy, cx, r = rng.uniform(3, 13), rng.uniform(3, 13), rng.uniform(2, 4)
                m[0] = np.maximum(m[0], (yy - cy) ** 2 + (xx - cx) ** 2 < r * r)
        self.images = (0.8 * self.masks + rng.normal(0, 0.4, self.masks.shape)).astype(np.float32)
        self.augment = augment

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        x, m = torch.from_numpy(self.images[i]), torch.from_numpy(self.masks[i])
        if self.augment:
            dims = [d for d in (1, 2) if random.random() < 0.5]
            x, m = x.flip(dims), m.flip(dims)            # the same flip for both; flip makes a copy
        return x, m


def block(a, b):
    return nn.Sequential(nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.down1, self.down2, self.mid = block(1, c), block(c, 2 * c), block(2 * c, 2 * c)
        self.up2, self.up1 = nn.ConvTranspose2d(2 * c, 2 * c, 2, 2), nn.ConvTranspose2d(2 * c, c, 2, 2)
        self.dec2, self.dec1 = block(4 * c, 2 * c), block(2 * c, c)
        self.head = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        z = self.mid(F.max_pool2d(b, 2))
        z = self.dec2(torch.cat([self.up2(z), b], dim=1))
        z = self.dec1(torch.cat([self.up1(z), a], dim=1))
        return self.head(z)


def dice_loss(logits, target, smooth=1.0):
    p = logits.sigmoid()
    dims = (1, 2, 3)
    inter = (p * target).sum(dims)
    return (1 - (2 * inter + smooth) / (p.sum(dims) + target.sum(dims) + smooth)).mean()


def criterion(logits, target):
    return F.binary_cross_entropy_with_logits(logits, target) + dice_loss(logits, target)


@torch.no_grad()
def iou(model, loader):
    """Intersections and unions are added up over the set, then divided: empty masks need no special case."""
    model.eval()
    inter = union = 0
    for x, m in loader:
        pred, true = model(x) > 0, m > 0.5            # logit > 0 means p > 0.5
        inter += (pred & true).sum().item()
        union += (pred | true).sum().item()
    return inter / union


def main():
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    train = DataLoader(Blobs(256, 0, augment=True), batch_size=32, shuffle=True)
    val, test = DataLoader(Blobs(80, 1), batch_size=40), DataLoader(Blobs(80, 2), batch_size=40)
    net = UNet()
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, mode="max", factor=0.5, patience=1)
    with TemporaryDirectory() as tmp:
        path, best = Path(tmp) / "best.pt", -1.0
        for epoch in range(6):
            net.train()
            total = 0.0
            for x, m in train:
                opt.zero_grad()
                loss = criterion(net(x), m)
                loss.backward()
                opt.step()
                total += loss.detach() * len(x)
            score = iou(net, val)
            sched.step(score)                         # mode="max": IoU should rise
            if score > best:
                best = score
                torch.save(net.state_dict(), path)
            print(f"epoch {epoch} loss {total.item() / len(train.dataset):.4f} val IoU {score:.3f}")
        net.load_state_dict(torch.load(path, weights_only=True))
    print(f"test IoU {iou(net, test):.3f}")


if __name__ == "__main__":
    main()
