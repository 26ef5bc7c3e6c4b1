"""Binary segmentation of round "cells" with a two-level U-Net."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(19)
SIZE = 16


def make_cells(n):
    yy, xx = torch.meshgrid(torch.arange(float(SIZE)), torch.arange(float(SIZE)), indexing="ij")
    masks = torch.zeros(n, SIZE, SIZE, dtype=torch.bool)
    for _ in range(2):
        cy, cx = SIZE * torch.rand(n, 1, 1), SIZE * torch.rand(n, 1, 1)
        radius = 2 + 2 * torch.rand(n, 1, 1)
        masks |= (yy - cy) ** 2 + (xx - cx) ** 2 < radius**2
    masks = masks.float().unsqueeze(1)
    images = 0.8 * masks + 0.4 * torch.randn_like(masks)
    return images, masks


def block(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True),
        nn.Conv2d(cout, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    def __init__(self, base=8):
        super().__init__()
        self.enc1 = block(1, base)
        self.enc2 = block(base, 2 * base)
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ConvTranspose2d(2 * base, base, 2, stride=2)
        self.dec1 = block(2 * base, base)
        self.head = nn.Conv2d(base, 1, 1)

    def forward(self, x):
        e1 = self.enc1(x)
        e2 = self.enc2(self.pool(e1))
        d1 = self.dec1(torch.cat([self.up(e2), e1], dim=1))
        return self.head(d1)


class BCEDice(nn.Module):
    def __init__(self, smooth=1.0):
        super().__init__()
        self.bce = nn.BCEWithLogitsLoss()
        self.smooth = smooth

    def forward(self, logits, target):
        p = logits.sigmoid()
        inter = (p * target).sum(dim=(1, 2, 3))
        union = p.sum(dim=(1, 2, 3)) + target.sum(dim=(1, 2, 3))
        dice = (2 * inter + self.smooth) / (union + self.smooth)
        return self.bce(logits, target) + 1 - dice.mean()


train_loader = DataLoader(TensorDataset(*make_cells(256)), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(*make_cells(64)), batch_size=32)

unet = UNet()
loss_fn = BCEDice()
optimizer = torch.optim.Adam(unet.parameters(), lr=4e-3)

for epoch in range(5):
    unet.train()
    running = 0.0
    for image, mask in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(unet(image), mask)
        loss.backward()
        optimizer.step()
        running += loss.item() * image.size(0)

    unet.eval()
    inter = size = 0.0
    with torch.no_grad():
        for image, mask in test_loader:
            pred = (unet(image) > 0).float()
            inter += (pred * mask).sum().item()
            size += (pred.sum() + mask.sum()).item()
    print(f"epoch {epoch}: loss {running / len(train_loader.dataset):.4f}  test dice {2 * inter / size:.4f}")
