"""CNN for generated 24x24 images of squares, discs and crosses (augmentation on the training set only)."""
import argparse
import copy

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

CLASSES = ("square", "disc", "cross")


def draw(kind, rng, size=24):
    img = np.zeros((size, size), dtype=np.float32)
    r = rng.integers(4, 8)
    cy, cx = rng.integers(r + 1, size - r - 1, size=2)
    yy, xx = np.mgrid[:size, :size]
    dy, dx = yy - cy, xx - cx
    if kind == 0:
        img[(np.abs(dy) <= r) & (np.abs(dx) <= r)] = 1.0
    elif kind == 1:
        img[dy**2 + dx**2 <= r**2] = 1.0
    else:
        arm = (np.abs(dy) <= 1) & (np.abs(dx) <= r) | (np.abs(dx) <= 1) & (np.abs(dy) <= r)
        img[arm] = 1.0
    return img * rng.uniform(0.5, 1.0) + rng.normal(0, 0.12, img.shape).astype(np.float32)


def make_arrays(n, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(CLASSES), size=n)
    images = np.stack([draw(k, rng) for k in labels]).astype(np.float32)
    return images, labels.astype(np.int64)


class ShapeDataset(Dataset):
    def __init__(self, images, labels, mean, std, transform=None):
        self.images = torch.from_numpy((images - mean) / std).unsqueeze(1)
        self.labels = torch.from_numpy(labels)
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.images[i]
        if self.transform is not None:
            img = self.transform(img)
        return img, self.labels[i]


def random_flip_and_shift(img):
    if torch.rand(1).item() < 0.5:
        img = img.flip(-1)
    if torch.rand(1).item() < 0.5:
        img = img.flip(-2)
    shift = torch.randint(-1, 2, (2,)).tolist()
    return torch.roll(img, shift, dims=(-2, -1))


class SmallCNN(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(32, n_classes)

    def forward(self, x):
        return self.fc(self.pool(self.features(x)).flatten(1))


@torch.no_grad()
def confusion(model, loader):
    model.eval()
    cm = torch.zeros(len(CLASSES), len(CLASSES), dtype=torch.long)
    for x, y in loader:
        pred = model(x).argmax(1)
        for t, p in zip(y, pred):
            cm[t, p] += 1
    return cm


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=10)
    ap.add_argument("--lr", type=float, default=3e-3)
    args = ap.parse_args()
    torch.manual_seed(0)

    tr, va, te = make_arrays(600, 1), make_arrays(150, 2), make_arrays(300, 3)
    mean, std = tr[0].mean(), tr[0].std()
    train_loader = DataLoader(
        ShapeDataset(*tr, mean, std, transform=random_flip_and_shift), batch_size=32, shuffle=True
    )
    val_loader = DataLoader(ShapeDataset(*va, mean, std), batch_size=128)
    test_loader = DataLoader(ShapeDataset(*te, mean, std), batch_size=128)

    model = SmallCNN(len(CLASSES))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs)

    best_acc, best = -1.0, None
    for epoch in range(args.epochs):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
        scheduler.step()
        cm = confusion(model, val_loader)
        acc = (cm.diag().sum() / cm.sum()).item()
        print(f"epoch {epoch + 1}: val acc {acc:.3f}")
        if acc > best_acc:
            best_acc, best = acc, copy.deepcopy(model.state_dict())

    model.load_state_dict(best)
    cm = confusion(model, test_loader)
    recall = cm.diag().float() / cm.sum(dim=1).clamp(min=1)
    print("rows: true class, columns: predicted\n", cm.numpy())
    for name, r in zip(CLASSES, recall.tolist()):
        print(f"recall {name:7s} {r:.3f}")
    print(f"test accuracy {(cm.diag().sum() / cm.sum()).item():.3f}")


if __name__ == "__main__":
    main()
