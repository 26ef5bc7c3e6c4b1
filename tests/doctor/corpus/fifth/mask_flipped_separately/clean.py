import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


def blob(gen, s=24):
    """좌우로 움직이는 타원 하나와 잡음"""
    cy, cx = torch.randint(5, s - 5, (2,), generator=gen).tolist()
    ry, rx = torch.randint(3, 6, (2,), generator=gen).tolist()
    yy, xx = torch.meshgrid(torch.arange(s), torch.arange(s), indexing="ij")
    mask = (((yy - cy) / ry) ** 2 + ((xx - cx) / rx) ** 2 <= 1).float()
    image = mask * 0.7 + 0.3 * torch.randn(s, s, generator=gen)
    return image.unsqueeze(0), mask.unsqueeze(0)


class RandomFlip:
    """가로, 세로 뒤집기"""

    def __init__(self, p=0.5):
        self.p = p

    def __call__(self, *tensors):
        for axis in (-1, -2):
            if random.random() < self.p:
                tensors = tuple(t.flip(axis) for t in tensors)
        return tensors if len(tensors) > 1 else tensors[0]


class BlobSet(Dataset):
    def __init__(self, n, seed, augment=None):
        gen = torch.Generator().manual_seed(seed)
        self.items = [blob(gen) for _ in range(n)]
        self.augment = augment

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        image, mask = self.items[i]
        if self.augment is not None:
            image, mask = self.augment(image, mask)
        return image, mask


class TinyUNet(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.d1 = nn.Sequential(nn.Conv2d(1, c, 3, padding=1), nn.ReLU())
        self.d2 = nn.Sequential(nn.Conv2d(c, 2 * c, 3, stride=2, padding=1), nn.ReLU())
        self.up = nn.ConvTranspose2d(2 * c, c, 2, stride=2)
        self.head = nn.Conv2d(2 * c, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = F.relu(self.up(self.d2(a)))
        return self.head(torch.cat([a, b], 1))


def iou(model, loader):
    model.eval()
    inter = union = 0.0
    with torch.no_grad():
        for x, m in loader:
            p = model(x) > 0
            inter += (p & m.bool()).sum().item()
            union += (p | m.bool()).sum().item()
    return inter / union


random.seed(0)
torch.manual_seed(0)
train_dl = DataLoader(BlobSet(240, seed=1, augment=RandomFlip()), batch_size=24, shuffle=True)
valid_dl = DataLoader(BlobSet(60, seed=2), batch_size=30)
model = TinyUNet()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    model.train()
    for x, m in train_dl:
        opt.zero_grad()
        F.binary_cross_entropy_with_logits(model(x), m).backward()
        opt.step()
    print("epoch", epoch, "IoU", round(iou(model, valid_dl), 3))
