import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, random_split


class Glyphs(Dataset):
    """16x16 grey glyphs: a bar whose direction is the class."""

    def __init__(self, n, transform=None):
        g = torch.Generator().manual_seed(3)
        self.labels = torch.randint(0, 4, (n,), generator=g)
        self.images = torch.randn(n, 1, 16, 16, generator=g) * 0.6
        for i, c in enumerate(self.labels.tolist()):
            r = int(torch.randint(4, 12, (1,), generator=g))
            k = torch.arange(4, 12)
            if c == 0:
                self.images[i, 0, r, 4:12] += 1.5
            elif c == 1:
                self.images[i, 0, 4:12, r] += 1.5
            elif c == 2:
                self.images[i, 0, k, k + r - 8] += 1.5
            else:
                self.images[i, 0, k, 15 - k + r - 8] += 1.5
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.images[i]
        if self.transform is not None:
            img = self.transform(img)
        return img, self.labels[i]


def random_shift(img, reach=2):
    dx, dy = torch.randint(-reach, reach + 1, (2,)).tolist()
    img = torch.roll(img, (dy, dx), dims=(1, 2))
    return img * torch.empty(1).uniform_(0.8, 1.2)


def identity(img):
    return img


torch.manual_seed(0)
full = Glyphs(400)
train_set, val_set = random_split(full, [100, 300], generator=torch.Generator().manual_seed(11))
train_set.dataset.transform = random_shift
val_set.dataset = copy.copy(full)
val_set.dataset.transform = identity

train_loader = DataLoader(train_set, batch_size=20, shuffle=True)
val_loader = DataLoader(val_set, batch_size=100)

net = nn.Sequential(
    nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(24 * 16, 4),
)
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)

for epoch in range(25):
    net.train()
    for img, lab in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(net(img), lab).backward()
        optimizer.step()
    net.eval()
    right = 0
    with torch.no_grad():
        for img, lab in val_loader:
            right += (net(img).argmax(1) == lab).sum().item()
    if epoch % 6 == 0:
        print(f"{epoch}: val acc {right / len(val_set):.3f}")
