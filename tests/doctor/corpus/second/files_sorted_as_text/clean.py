import os
import tempfile

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset, Subset


def export(folder):
    """Write the digits as one file each, plus one labels.txt in file-number order."""
    digits = load_digits()
    order = np.random.RandomState(0).permutation(len(digits.target))[:900]
    for i, j in enumerate(order):
        np.save(os.path.join(folder, f"img_{i}.npy"), digits.images[j].astype(np.float32))
    np.savetxt(os.path.join(folder, "labels.txt"), digits.target[order], fmt="%d")


def number(name):
    return int(name.split("_")[1].split(".")[0])


class FolderDigits(Dataset):
    def __init__(self, folder):
        names = [f for f in os.listdir(folder) if f.endswith(".npy")]
        self.files = [os.path.join(folder, f) for f in sorted(names, key=number)]
        self.labels = np.loadtxt(os.path.join(folder, "labels.txt"), dtype=np.int64)
        assert len(self.files) == len(self.labels)
        self.images = [torch.from_numpy(np.load(f)) / 16.0 for f in self.files]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return self.images[i].unsqueeze(0), int(self.labels[i])


def score(model, loader):
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
    return right / len(loader.dataset)


def main():
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        export(folder)
        data = FolderDigits(folder)
    idx = torch.randperm(len(data), generator=torch.Generator().manual_seed(4)).tolist()
    train = DataLoader(Subset(data, idx[:700]), batch_size=50, shuffle=True)
    test = DataLoader(Subset(data, idx[700:]), batch_size=100)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 16, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(8):
        model.train()
        for x, y in train:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print("epoch", epoch, "loss", round(loss.item(), 4), "test", round(score(model, test), 3))


main()
