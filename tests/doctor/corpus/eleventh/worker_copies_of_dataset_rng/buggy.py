import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class SpectraDataset(Dataset):
    """1-D spectra with one of four peaks; augmentation: random shift, gain and noise."""

    def __init__(self, n, seed, augment):
        rng = np.random.default_rng(seed)
        self.label = rng.integers(0, 4, n)
        grid = np.arange(64)
        center = 12 + 13 * self.label[:, None] + rng.normal(0, 2, (n, 1))
        self.curve = np.exp(-0.5 * ((grid - center) / 3) ** 2)
        self.augment = augment
        self.rng = np.random.default_rng(seed + 1)

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        curve = self.curve[i]
        if self.augment:
            curve = np.roll(curve, self.rng.integers(-4, 5)) * self.rng.uniform(0.5, 1.5)
            curve = curve + self.rng.normal(0, 0.2, curve.shape)
        return torch.tensor(curve, dtype=torch.float32), int(self.label[i])


def get_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--lr", type=float, default=3e-3)
    return parser.parse_args()


def main():
    args = get_args()
    torch.manual_seed(0)
    train_loader = DataLoader(
        SpectraDataset(320, seed=10, augment=True),
        batch_size=32,
        shuffle=True,
        num_workers=args.workers,
    )
    val_loader = DataLoader(SpectraDataset(100, seed=20, augment=False), batch_size=100)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    for epoch in range(args.epochs):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            correct = sum((model(x).argmax(1) == y).sum().item() for x, y in val_loader)
        print(f"epoch {epoch}: loss {loss.item():.3f}, val acc {correct / len(val_loader.dataset):.3f}")


if __name__ == "__main__":
    main()
