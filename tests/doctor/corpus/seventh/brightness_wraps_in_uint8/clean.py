import random

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


def scans(n, side=14, seed=0):
    """Blood smears: a bright or a dim cell on a grey slide (uint8)."""
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 2, (n,), generator=g)
    field = 120 + 15 * torch.randn(n, side, side, generator=g)
    corner = torch.randint(1, side - 6, (n, 2), generator=g)
    for i in range(n):
        r, c = corner[i].tolist()
        field[i, r:r + 5, c:c + 5] += 95 if label[i] else -55
    return field.clamp(0, 255).to(torch.uint8), label


class Jitter:
    """Lighter or darker by up to `limit` grey values, then perhaps mirrored."""

    def __init__(self, limit=80, p_mirror=0.5):
        self.limit = limit
        self.p_mirror = p_mirror

    def __call__(self, img):
        amount = random.randint(0, self.limit)
        img = (img.int() + amount).clamp(0, 255)
        if random.random() < self.p_mirror:
            img = img.flip(-1)
        return img


class Smears(Dataset):
    def __init__(self, images, labels, augment=None):
        self.images = images
        self.labels = labels
        self.augment = augment

    def __len__(self):
        return self.images.size(0)

    def __getitem__(self, i):
        img = self.images[i]
        if self.augment:
            img = self.augment(img)
        return img.unsqueeze(0).float() / 255.0, self.labels[i].float()


class Trainer:
    def __init__(self, model, train_loader, test_loader, lr):
        self.model = model
        self.train_loader, self.test_loader = train_loader, test_loader
        self.optim = torch.optim.Adam(model.parameters(), lr=lr)
        self.loss = nn.BCEWithLogitsLoss()

    def run_epoch(self):
        self.model.train()
        total = 0.0
        for x, y in self.train_loader:
            self.optim.zero_grad()
            loss = self.loss(self.model(x), y)
            loss.backward()
            self.optim.step()
            total += loss.item() * y.numel()
        return total / len(self.train_loader.dataset)

    @torch.no_grad()
    def test(self):
        self.model.eval()
        good = sum(((self.model(x) > 0) == (y > 0.5)).sum().item() for x, y in self.test_loader)
        return good / len(self.test_loader.dataset)


if __name__ == "__main__":
    random.seed(6)
    torch.manual_seed(6)
    train_set = Smears(*scans(800, seed=1), augment=Jitter())
    test_set = Smears(*scans(300, seed=2))
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(8 * 36, 16), nn.ReLU(), nn.Linear(16, 1), nn.Flatten(0),
    )
    trainer = Trainer(
        model,
        DataLoader(train_set, batch_size=40, shuffle=True),
        DataLoader(test_set, batch_size=100),
        lr=3e-3,
    )
    for epoch in range(8):
        print(f"{epoch}: loss {trainer.run_epoch():.4f}  test {trainer.test():.3f}")
