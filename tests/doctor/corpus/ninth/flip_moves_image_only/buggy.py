import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Roofs(Dataset):
    """Aerial tiles with one bright rectangle; target is the rectangle's pixels."""

    def __init__(self, n, seed, augment=False, size=16):
        g = torch.Generator().manual_seed(seed)
        self.augment = augment
        self.images = 0.8 * torch.randn(n, 1, size, size, generator=g)
        self.masks = torch.zeros(n, 1, size, size)
        for i in range(n):
            top, left = torch.randint(0, size - 6, (2,), generator=g).tolist()
            h, w = torch.randint(4, 7, (2,), generator=g).tolist()
            self.masks[i, :, top:top + h, left:left + w] = 1
        self.images += 1.5 * self.masks

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image, mask = self.images[i], self.masks[i]
        if self.augment and torch.rand(()) < 0.5:
            image = image.flip(-1)
        return image, mask


class MiniSeg(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=2, dilation=2), nn.ReLU(),
            nn.Conv2d(width, 1, 1),
        )

    def forward(self, x):
        return self.body(x)


def iou(model, loader):
    model.eval()
    inter, union = 0.0, 0.0
    with torch.no_grad():
        for x, m in loader:
            p = model(x) > 0
            inter += (p & (m > 0)).sum().item()
            union += (p | (m > 0)).sum().item()
    return inter / max(union, 1)


def main():
    torch.manual_seed(6)
    train = DataLoader(Roofs(400, seed=1, augment=True), batch_size=25, shuffle=True)
    val = DataLoader(Roofs(120, seed=2), batch_size=60)
    model = MiniSeg()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(6):
        model.train()
        total = 0.0
        for x, m in train:
            opt.zero_grad()
            loss = bce(model(x), m)
            loss.backward()
            opt.step()
            total += loss.item() * len(x)
        print(f"epoch {epoch} loss {total / len(train.dataset):.4f} val iou {iou(model, val):.3f}")


main()
