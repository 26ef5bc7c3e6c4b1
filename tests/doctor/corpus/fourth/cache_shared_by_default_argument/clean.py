import os
import tempfile

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class ArrayFolder(Dataset):
    """One .npz file per sample below root/split, read once and then kept."""

    def __init__(self, root, split, cache=None):
        self.folder = os.path.join(root, split)
        self.names = sorted(os.listdir(self.folder))
        self.cache = {} if cache is None else cache

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        if index not in self.cache:
            with np.load(os.path.join(self.folder, self.names[index])) as f:
                self.cache[index] = torch.from_numpy(f["x"]), torch.tensor(int(f["y"]))
        return self.cache[index]


def export(root, split, n, rng):
    os.makedirs(os.path.join(root, split))
    for k in range(n):
        y = int(rng.integers(0, 3))
        x = rng.normal(0, 1.6, size=30).astype(np.float32)
        x[y * 4:y * 4 + 4] += 1.0
        np.savez(os.path.join(root, split, f"{k:05d}.npz"), x=x, y=y)


class Experiment:
    def __init__(self, root, lr=2e-3):
        self.train_loader = DataLoader(ArrayFolder(root, "train"), batch_size=20, shuffle=True)
        self.val_loader = DataLoader(ArrayFolder(root, "val"), batch_size=50)
        self.net = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
        self.opt = torch.optim.Adam(self.net.parameters(), lr=lr)
        self.loss = nn.CrossEntropyLoss()

    def train_epoch(self):
        self.net.train()
        for x, y in self.train_loader:
            self.opt.zero_grad()
            self.loss(self.net(x), y).backward()
            self.opt.step()

    def validate(self):
        self.net.eval()
        correct = 0
        with torch.no_grad():
            for x, y in self.val_loader:
                correct += (self.net(x).argmax(1) == y).sum().item()
        return correct / len(self.val_loader.dataset)


with tempfile.TemporaryDirectory() as root:
    rng = np.random.default_rng(30)
    torch.manual_seed(30)
    export(root, "train", 300, rng)
    export(root, "val", 150, rng)
    exp = Experiment(root)
    for epoch in range(15):
        exp.train_epoch()
        acc = exp.validate()
    print(f"val accuracy after {epoch + 1} epochs: {acc:.3f}")
