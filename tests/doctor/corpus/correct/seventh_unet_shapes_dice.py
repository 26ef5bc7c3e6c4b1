# Segmentation of bright discs with a two-level U-Net; BCE + soft Dice, IoU over the whole set
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class Discs(Dataset):
    """Every image is generated from its index, so the data are the same in each epoch."""

    def __init__(self, n, offset, size=24, augment=False):
        self.n, self.offset, self.size, self.augment = n, offset, size, augment
        r = torch.arange(size, dtype=torch.float32)
        self.yy, self.xx = torch.meshgrid(r, r, indexing="ij")

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        g = torch.Generator().manual_seed(self.offset + i)
        mask = torch.zeros(self.size, self.size, dtype=torch.bool)
        for _ in range(int(torch.randint(1, 3, (1,), generator=g))):
            cy, cx = torch.rand(2, generator=g) * self.size
            radius = 2.5 + 3 * torch.rand(1, generator=g)
            mask |= (self.yy - cy) ** 2 + (self.xx - cx) ** 2 <= radius ** 2
        image = mask.float() * 0.8 + 0.5 * torch.randn(self.size, self.size, generator=g)
        mask = mask.float()
        if self.augment and torch.rand(()) < 0.5:
            image, mask = image.flip(-1), mask.flip(-1)
        return image[None], mask[None]


def double(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
                         nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self, c=6):
        super().__init__()
        self.d1, self.d2, self.mid = double(1, c), double(c, 2 * c), double(2 * c, 4 * c)
        self.up2, self.u2 = nn.ConvTranspose2d(4 * c, 2 * c, 2, stride=2), double(4 * c, 2 * c)
        self.up1, self.u1 = nn.ConvTranspose2d(2 * c, c, 2, stride=2), double(2 * c, c)
        self.out = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        m = self.mid(F.max_pool2d(b, 2))
        x = self.u2(torch.cat([self.up2(m), b], 1))
        return self.out(self.u1(torch.cat([self.up1(x), a], 1)))


def dice_loss(logits, target, eps=1.0):
    p = logits.sigmoid()
    inter = (p * target).sum((1, 2, 3))
    return (1 - (2 * inter + eps) / (p.sum((1, 2, 3)) + target.sum((1, 2, 3)) + eps)).mean()


@torch.no_grad()
def iou(model, dl):
    model.eval()
    inter = union = 0
    for x, t in dl:
        p, t = model(x) > 0, t > 0.5
        inter += (p & t).sum().item()
        union += (p | t).sum().item()
    return inter / union


torch.manual_seed(0)
train_dl = DataLoader(Discs(224, 0, augment=True), batch_size=16, shuffle=True)
val_dl, test_dl = DataLoader(Discs(64, 10_000), batch_size=64), DataLoader(Discs(100, 20_000), batch_size=50)
model = UNet()
opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
sched = torch.optim.lr_scheduler.PolynomialLR(opt, total_iters=4, power=0.9)
best = -1.0
for epoch in range(4):
    model.train()
    for x, t in train_dl:
        logits = model(x)
        loss = F.binary_cross_entropy_with_logits(logits, t) + dice_loss(logits, t)
        opt.zero_grad()
        loss.backward()
        opt.step()
    sched.step()
    score = iou(model, val_dl)
    print(f"epoch {epoch} last loss {loss.item():.3f} val IoU {score:.3f}")
    if score > best:
        best, keep = score, {k: v.clone() for k, v in model.state_dict().items()}
model.load_state_dict(keep)
print(f"test IoU {iou(model, test_dl):.3f}")
