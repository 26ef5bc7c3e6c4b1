# Tiny U-Net that segments bright ellipses from noisy background.
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)


class Ellipses(Dataset):
    """Images are drawn from a per-index generator, so item i is always the same."""

    def __init__(self, n, size=24, offset=0, augment=False):
        self.n, self.size, self.offset, self.augment = n, size, offset, augment

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        g = torch.Generator().manual_seed(self.offset + i)
        yy, xx = torch.meshgrid(torch.arange(self.size), torch.arange(self.size), indexing="ij")
        mask = torch.zeros(self.size, self.size)
        for _ in range(2):
            cy, cx = torch.rand(2, generator=g) * self.size
            ry, rx = 3 + torch.rand(2, generator=g) * 4
            mask[((yy - cy) / ry) ** 2 + ((xx - cx) / rx) ** 2 < 1] = 1
        img = 0.8 * mask + 0.35 * torch.randn(self.size, self.size, generator=g)
        if self.augment and torch.rand(()) < 0.5:
            img, mask = img.flip(-1), mask.flip(-1)
        return img[None], mask[None]


def block(i, o):
    return nn.Sequential(
        nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
        nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    def __init__(self, widths=(8, 16, 32)):
        super().__init__()
        self.down = nn.ModuleList()
        c = 1
        for w in widths:
            self.down.append(block(c, w))
            c = w
        self.up, self.merge = nn.ModuleList(), nn.ModuleList()
        for w in reversed(widths[:-1]):
            self.up.append(nn.ConvTranspose2d(c, w, 2, stride=2))
            self.merge.append(block(2 * w, w))
            c = w
        self.head = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        skips = []
        for i, d in enumerate(self.down):
            x = d(x)
            if i < len(self.down) - 1:
                skips.append(x)
                x = F.max_pool2d(x, 2)
        for up, merge in zip(self.up, self.merge):
            x = merge(torch.cat([up(x), skips.pop()], 1))
        return self.head(x)


def dice_loss(logits, target, eps=1.0):
    p = logits.sigmoid()
    inter = (p * target).sum((1, 2, 3))
    return (1 - (2 * inter + eps) / (p.sum((1, 2, 3)) + target.sum((1, 2, 3)) + eps)).mean()


def iou(model, loader):
    model.eval()
    inter = union = 0.0
    with torch.no_grad():
        for x, y in loader:
            pred = model(x) > 0
            inter += (pred & (y > 0.5)).sum().item()
            union += (pred | (y > 0.5)).sum().item()
    return inter / union


train_dl = DataLoader(Ellipses(96, augment=True), batch_size=16, shuffle=True)
valid_dl = DataLoader(Ellipses(32, offset=10_000), batch_size=16)
net = UNet()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=4, gamma=0.5)

for epoch in range(8):
    net.train()
    running, count = 0.0, 0
    for x, y in train_dl:
        logits = net(x)
        loss = F.binary_cross_entropy_with_logits(logits, y) + dice_loss(logits, y)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        running += loss.item() * x.size(0)
        count += x.size(0)
    sched.step()
    print(f"epoch {epoch} loss {running / count:.3f} val IoU {iou(net, valid_dl):.3f}")
