"""Tiny U-Net with Dice + BCE; IoU from summed counts."""
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


def double_conv(i, o):
    return nn.Sequential(
        nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
        nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.d1, self.d2 = double_conv(1, c), double_conv(c, 2 * c)
        self.pool = nn.MaxPool2d(2)
        self.mid = double_conv(2 * c, 4 * c)
        self.up2 = nn.ConvTranspose2d(4 * c, 2 * c, 2, stride=2)
        self.u2 = double_conv(4 * c, 2 * c)
        self.up1 = nn.ConvTranspose2d(2 * c, c, 2, stride=2)
        self.u1 = double_conv(2 * c, c)
        self.out = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        s1 = self.d1(x)
        s2 = self.d2(self.pool(s1))
        h = self.mid(self.pool(s2))
        h = self.u2(torch.cat([self.up2(h), s2], dim=1))
        h = self.u1(torch.cat([self.up1(h), s1], dim=1))
        return self.out(h)


class DiceLoss(nn.Module):
    def __init__(self, smooth=1.0):
        super().__init__()
        self.smooth = smooth

    def forward(self, logits, target):
        p = torch.sigmoid(logits).flatten(1)
        t = target.flatten(1)
        inter = (p * t).sum(1)
        dice = (2 * inter + self.smooth) / (p.sum(1) + t.sum(1) + self.smooth)
        return 1 - dice.mean()


class Discs(Dataset):
    def __init__(self, n, seed, augment):
        g = torch.Generator().manual_seed(seed)
        axis = torch.arange(16).float()
        cx, cy = (torch.rand(n, 1, 1, generator=g) * 10 + 3 for _ in range(2))
        r = torch.rand(n, 1, 1, generator=g) * 2 + 2
        self.mask = ((axis[None, :, None] - cy) ** 2 + (axis[None, None, :] - cx) ** 2 < r**2).float().unsqueeze(1)
        self.img = self.mask + 0.5 * torch.randn(self.mask.shape, generator=g)
        self.augment = augment

    def __len__(self):
        return len(self.img)

    def __getitem__(self, i):
        img, mask = self.img[i], self.mask[i]
        if self.augment and torch.rand(()) < 0.5:
            img, mask = img.flip(-1), mask.flip(-1)
        return img, mask


@torch.no_grad()
def iou(model, loader):
    model.eval()
    inter = union = 0
    for img, mask in loader:
        pred = model(img) > 0
        truth = mask > 0.5
        inter += (pred & truth).sum().item()
        union += (pred | truth).sum().item()
    return inter / max(union, 1)


if __name__ == "__main__":
    torch.manual_seed(0)
    train = DataLoader(Discs(96, 0, augment=True), batch_size=16, shuffle=True)
    val = DataLoader(Discs(32, 1, augment=False), batch_size=32)
    net, dice = UNet(), DiceLoss()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(3):
        net.train()
        for img, mask in train:
            logits = net(img)
            loss = 0.5 * F.binary_cross_entropy_with_logits(logits, mask) + 0.5 * dice(logits, mask)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"epoch {epoch} loss {loss.item():.3f} val IoU {iou(net, val):.3f}")
