"""Colour textures stored as uint8 NHWC arrays; small CNN."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

rng = np.random.default_rng(2)
torch.manual_seed(2)


def textures(n, size=16):
    """0 horizontal, 1 vertical, 2 diagonal stripes, 3 checks; each in a random colour."""
    r, c = np.mgrid[:size, :size]
    waves = [r, c, r + c, None]
    images = np.empty((n, size, size, 3), dtype=np.uint8)
    labels = rng.integers(0, 4, n)
    for i, k in enumerate(labels):
        shift = rng.integers(0, 6)
        if k < 3:
            p = ((waves[k] + shift) // 2) % 2
        else:
            p = ((r + shift) // 2 + c // 2) % 2
        colour = rng.uniform(60, 200, 3)
        img = colour * (0.85 + 0.3 * p[..., None]) + rng.normal(0, 40, (size, size, 3))
        images[i] = img.clip(0, 255)
    return images, labels


class Textures(Dataset):
    def __init__(self, images, labels):
        self.images = images
        self.labels = torch.as_tensor(labels)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        img = torch.from_numpy(self.images[i]).float().div(255).sub(0.5)
        h, w, c = img.shape
        assert c == 3, (h, w, c)
        return img.permute(2, 0, 1), self.labels[i]


def unit(ch):
    return nn.Sequential(nn.Conv2d(ch, ch, 3, padding=1), nn.GroupNorm(4, ch), nn.ReLU())


class Net(nn.Module):
    def __init__(self, ch=16, depth=3):
        super().__init__()
        self.first = nn.Conv2d(3, ch, 3, padding=1)
        self.units = nn.Sequential(*[unit(ch) for _ in range(depth)])
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(ch, 4))

    def forward(self, x):
        return self.head(self.units(self.first(x)))


train_dl = DataLoader(Textures(*textures(400)), batch_size=40, shuffle=True)
val_dl = DataLoader(Textures(*textures(160)), batch_size=80)
net = Net()
n_params = sum(p.numel() for p in net.parameters())
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(5):
    net.train()
    for x, y in train_dl:
        opt.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        opt.step()
net.eval()
with torch.no_grad():
    right = sum((net(x).argmax(1) == y).sum().item() for x, y in val_dl)
print(n_params, "parameters, accuracy", right / len(val_dl.dataset))
