import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


def make_sample(gen):
    """One 24x24 grey image with a bright rectangle somewhere, and its mask."""
    mask = torch.zeros(24, 24)
    top, left = torch.randint(0, 14, (2,), generator=gen).tolist()
    mask[top:top + 8, left:left + 6] = 1.0
    image = 0.4 * torch.randn(1, 24, 24, generator=gen) + mask
    return image, mask


class Rectangles(Dataset):
    def __init__(self, n, seed, augment):
        gen = torch.Generator().manual_seed(seed)
        self.samples = [make_sample(gen) for _ in range(n)]
        self.augment = augment

    def __len__(self):
        return len(self.samples)

    def random_flip(self, t):
        return torch.flip(t, dims=[-1]) if random.random() < 0.5 else t

    def __getitem__(self, i):
        image, mask = self.samples[i]
        if self.augment:
            image = self.random_flip(image)
            mask = self.random_flip(mask)
        return image, mask


def iou(logits, mask):
    pred = logits > 0
    inter = (pred & (mask > 0.5)).sum().item()
    union = (pred | (mask > 0.5)).sum().item()
    return inter / max(union, 1)


random.seed(11)
torch.manual_seed(11)
train_loader = DataLoader(Rectangles(160, 1, True), batch_size=8, shuffle=True)
val_loader = DataLoader(Rectangles(40, 2, False), batch_size=40)
net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)

for epoch in range(12):
    net.train()
    for image, mask in train_loader:
        loss = F.binary_cross_entropy_with_logits(net(image).squeeze(1), mask)
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        image, mask = next(iter(val_loader))
        print(f"epoch {epoch}  loss {loss.item():.3f}  val IoU {iou(net(image).squeeze(1), mask):.3f}")
