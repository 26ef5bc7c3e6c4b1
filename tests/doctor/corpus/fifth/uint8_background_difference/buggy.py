import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Intruder(Dataset):
    """Camera frames; 1 = something stands in front of the wall."""

    def __init__(self, frames: np.ndarray, labels: np.ndarray, background: np.ndarray):
        self.foreground = foreground(frames, background)
        self.labels = torch.as_tensor(labels, dtype=torch.float32)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return torch.from_numpy(self.foreground[i]).unsqueeze(0), self.labels[i]


def foreground(frames: np.ndarray, background: np.ndarray) -> np.ndarray:
    delta = np.abs(frames - background)
    return delta.astype(np.float32) / 255.0


def film(n, wall, rng):
    labels = rng.integers(0, 2, n)
    frames = wall[None] + rng.normal(0, 6, (n, *wall.shape))
    for k in np.flatnonzero(labels):
        r, c = rng.integers(0, wall.shape[0] - 4, 2)
        frames[k, r:r + 4, c:c + 4] += rng.choice([-1, 1]) * rng.uniform(15, 40)
    return frames.clip(0, 255).astype(np.uint8), labels


def main():
    torch.manual_seed(15)
    rng = np.random.default_rng(15)
    wall = rng.uniform(60, 190, (16, 16))
    frames, labels = film(400, wall, rng)
    empty = frames[:300][labels[:300] == 0]
    background = np.median(empty, axis=0).astype(np.uint8)
    train_dl = DataLoader(Intruder(frames[:300], labels[:300], background), batch_size=30, shuffle=True)
    test_dl = DataLoader(Intruder(frames[300:], labels[300:], background), batch_size=50)

    net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2),
                        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(16, 1))
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(8):
        net.train()
        for x, y in train_dl:
            optimizer.zero_grad()
            criterion(net(x).squeeze(1), y).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            good = sum(((net(x).squeeze(1) > 0) == (y > 0.5)).sum().item() for x, y in test_dl)
        print(epoch, good / len(test_dl.dataset))


if __name__ == "__main__":
    main()
