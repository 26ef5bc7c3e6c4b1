import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class Blobs(Dataset):
    """Small bright discs on a noisy background; the mask covers about 2 % of the pixels."""

    def __init__(self, n, seed, size=24):
        g = torch.Generator().manual_seed(seed)
        yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        c = torch.randint(3, size - 3, (n, 2, 1, 1), generator=g)
        self.masks = (((yy - c[:, 0]) ** 2 + (xx - c[:, 1]) ** 2) <= 4).float().unsqueeze(1)
        noise = torch.randn(n, 1, size, size, generator=g)
        self.images = self.masks * 1.3 + noise * 0.7

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], self.masks[i]


class UNetTiny(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, c, 3, padding=1), nn.ReLU())
        self.mid = nn.Sequential(nn.Conv2d(c, 2 * c, 3, padding=1), nn.ReLU())
        self.up = nn.ConvTranspose2d(2 * c, c, 2, stride=2)
        self.out = nn.Conv2d(2 * c, 1, 3, padding=1)

    def forward(self, x):
        skip = self.down(x)
        low = self.mid(F.avg_pool2d(skip, 2))
        return self.out(torch.cat([skip, self.up(low)], dim=1))


class BCEDice(nn.Module):
    def __init__(self, weight_dice=1.0, smooth=1.0):
        super().__init__()
        self.weight_dice, self.smooth = weight_dice, smooth

    def forward(self, logits, target):
        bce = F.binary_cross_entropy_with_logits(logits, target)
        prob = torch.sigmoid(logits)
        inter = (prob * target).sum(dim=(1, 2, 3))
        total = prob.sum(dim=(1, 2, 3)) + target.sum(dim=(1, 2, 3))
        dice = 1 - (2 * inter + self.smooth) / (total + self.smooth)
        return bce + self.weight_dice * dice.mean()


def iou(model, loader):
    model.eval()
    inter = union = 0.0
    with torch.no_grad():
        for image, mask in loader:
            pred = model(image) > 0
            inter += (pred & (mask > 0)).sum().item()
            union += (pred | (mask > 0)).sum().item()
    return inter / max(union, 1)


torch.manual_seed(0)
train_loader = DataLoader(Blobs(300, 1), batch_size=10, shuffle=True)
val_loader = DataLoader(Blobs(100, 2), batch_size=50)
model = UNetTiny()
criterion = BCEDice()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(6):
    model.train()
    for image, mask in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(image), mask)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: loss {loss.item():.3f}, IoU {iou(model, val_loader):.3f}")
