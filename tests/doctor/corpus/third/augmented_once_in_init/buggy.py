import random

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Subset


class RandomShift:
    """Rolls a 1xHxW image by up to `m` pixels."""

    def __init__(self, m):
        self.m = m

    def __call__(self, im):
        dx = random.randint(-self.m, self.m)
        dy = random.randint(-self.m, self.m)
        return torch.roll(im, (dy, dx), dims=(1, 2))


class AddNoise:
    def __init__(self, s):
        self.s = s

    def __call__(self, im):
        return im + self.s * torch.randn_like(im)


class Chain:
    def __init__(self, *ops):
        self.ops = ops

    def __call__(self, im):
        for op in self.ops:
            im = op(im)
        return im


class Shapes(Dataset):
    """0: plus, 1: square outline, 2: diagonal"""

    def __init__(self, n, transform=None):
        self.transform = transform
        gen = torch.Generator().manual_seed(99)
        self.targets = torch.randint(0, 3, (n,), generator=gen)
        self.images = 0.25 * torch.randn(n, 1, 16, 16, generator=gen)
        for im, t in zip(self.images, self.targets):
            if t == 0:
                im[0, 7, 4:12] += 1
                im[0, 4:12, 7] += 1
            elif t == 1:
                im[0, 4, 4:12] += 1
                im[0, 11, 4:12] += 1
                im[0, 4:12, 4] += 1
                im[0, 4:12, 11] += 1
            else:
                im[0, range(4, 12), range(4, 12)] += 1.5
        if transform is not None:
            self.images = torch.stack([transform(im) for im in self.images])

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, k):
        return self.images[k], self.targets[k]


def get_loaders(n=420, bs=30):
    augment = Chain(RandomShift(3), AddNoise(0.1))
    perm = torch.randperm(n, generator=torch.Generator().manual_seed(4)).tolist()
    train_part = Subset(Shapes(n, transform=augment), perm[: n - 120])
    val_part = Subset(Shapes(n), perm[n - 120:])
    return DataLoader(train_part, bs, shuffle=True), DataLoader(val_part, 60)


def build():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.Linear(16, 3),
    )


if __name__ == "__main__":
    random.seed(0)
    torch.manual_seed(0)
    train_loader, val_loader = get_loaders()
    cnn = build()
    ce = nn.CrossEntropyLoss()
    adam = torch.optim.Adam(cnn.parameters(), lr=5e-3)
    for epoch in range(6):
        cnn.train()
        for im, t in train_loader:
            adam.zero_grad()
            ce(cnn(im), t).backward()
            adam.step()
        cnn.eval()
        good = 0
        with torch.no_grad():
            for im, t in val_loader:
                good += (cnn(im).argmax(1) == t).sum().item()
        print(epoch, good / len(val_loader.dataset))
