import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

LOSS = "both"          # "dice", "focal" or "both"
torch.manual_seed(27)


def scenes(n, size=24):
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    cx, cy = torch.randint(5, size - 5, (2, n, 1, 1))
    r = torch.randint(2, 6, (n, 1, 1))
    mask = ((xx - cx) ** 2 + (yy - cy) ** 2 <= r**2).float()
    background = F.avg_pool2d(torch.randn(n, 1, size, size), 5, stride=1, padding=2).squeeze(1)
    image = mask + background + 0.4 * torch.randn(n, size, size)
    return image.unsqueeze(1), mask.unsqueeze(1)


def block(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU())


class TinyUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = block(1, 8)
        self.mid = block(8, 16)
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.fuse = block(16, 8)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        skip = self.down(x)
        deep = self.mid(F.max_pool2d(skip, 2))
        return self.out(self.fuse(torch.cat([skip, self.up(deep)], dim=1)))


def dice_loss(logits, target, smooth=1.0):
    p = logits.sigmoid().flatten(1)
    t = target.flatten(1)
    score = (2 * (p * t).sum(1) + smooth) / (p.sum(1) + t.sum(1) + smooth)
    return 1 - score.mean()


def focal_loss(logits, target, gamma=2.0, alpha=0.75):
    bce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p_t = torch.exp(-bce)
    weight = alpha * target + (1 - alpha) * (1 - target)
    return (weight * (1 - p_t) ** gamma * bce).mean()


def objective(logits, target):
    loss = torch.zeros(())
    if LOSS in ("dice", "both"):
        loss = loss + dice_loss(logits, target)
    if LOSS in ("focal", "both"):
        loss = loss + focal_loss(logits, target)
    return loss


train_dl = DataLoader(TensorDataset(*scenes(160)), batch_size=16, shuffle=True)
val_dl = DataLoader(TensorDataset(*scenes(64)), batch_size=32)
model = TinyUNet()
opt = torch.optim.AdamW(model.parameters(), lr=1e-2)

for epoch in range(6):
    model.train()
    for x, y in train_dl:
        opt.zero_grad()
        objective(model(x), y).backward()
        opt.step()
    model.eval()
    inter, union = 0.0, 0.0
    with torch.no_grad():
        for x, y in val_dl:
            pred, truth = model(x) > 0, y > 0.5
            inter += (pred & truth).sum().item()
            union += (pred | truth).sum().item()
    print(f"epoch {epoch + 1}: foreground IoU {inter / max(union, 1.0):.3f}")
