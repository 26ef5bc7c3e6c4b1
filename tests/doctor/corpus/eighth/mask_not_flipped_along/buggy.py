import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

random.seed(8)
torch.manual_seed(8)


class HFlip:
    def __init__(self, p=0.5):
        self.p = p

    def __call__(self, *tensors):
        if random.random() < self.p:
            tensors = tuple(t.flip(-1) for t in tensors)
        return tensors


class BlobSegmentation(Dataset):
    def __init__(self, n, augment=None):
        yy, xx = torch.meshgrid(torch.arange(24.), torch.arange(24.), indexing="ij")
        c = torch.rand(n, 2) * 16 + 4
        r = torch.rand(n) * 3 + 2
        d = ((yy - c[:, 0, None, None]) ** 2 + (xx - c[:, 1, None, None]) ** 2).sqrt()
        self.masks = (d < r[:, None, None]).float().unsqueeze(1)
        self.images = self.masks * 0.8 + 0.4 * torch.randn(n, 1, 24, 24)
        self.augment = augment

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image, mask = self.images[i], self.masks[i]
        if self.augment:
            image, = self.augment(image)
            mask, = self.augment(mask)
        return image, mask


class TinySeg(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 12, 3, padding=1), nn.ReLU())
        self.head = nn.Conv2d(12, 1, 1)

    def forward(self, x):
        return self.head(self.enc(x))


def iou(model, loader):
    model.eval()
    inter = union = 0.0
    with torch.no_grad():
        for image, mask in loader:
            p = model(image) > 0
            m = mask > 0.5
            inter += (p & m).sum().item()
            union += (p | m).sum().item()
    return inter / max(union, 1.0)


train_loader = DataLoader(BlobSegmentation(200, HFlip()), batch_size=20, shuffle=True)
valid_loader = DataLoader(BlobSegmentation(60), batch_size=20)
model = TinySeg()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    model.train()
    for image, mask in train_loader:
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(model(image), mask).backward()
        optimizer.step()
    print(epoch, "val IoU %.3f" % iou(model, valid_loader))
