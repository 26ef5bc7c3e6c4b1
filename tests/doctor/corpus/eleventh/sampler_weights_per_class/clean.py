import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler


class ToyAudio(Dataset):
    def __init__(self, n, rng):
        self.labels = rng.choice(3, size=n, p=[0.8, 0.15, 0.05])
        t = np.linspace(0, 1, 32)
        freq = 2 + 2 * self.labels[:, None] + 0.3 * rng.standard_normal((n, 1))
        self.waves = np.sin(2 * np.pi * freq * t) + 0.6 * rng.standard_normal((n, 32))

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return torch.tensor(self.waves[i], dtype=torch.float32), int(self.labels[i])


def balanced_loader(ds, batch_size):
    freq = np.bincount(ds.labels, minlength=3)
    class_weights = 1.0 / freq
    weights = torch.tensor(class_weights[ds.labels], dtype=torch.double)
    sampler = WeightedRandomSampler(weights, num_samples=len(ds), replacement=True)
    return DataLoader(ds, batch_size=batch_size, sampler=sampler)


def per_class_recall(model, loader):
    hit, cnt = np.zeros(3), np.zeros(3)
    model.eval()
    with torch.no_grad():
        for x, y in loader:
            p = model(x).argmax(1)
            for c in range(3):
                cnt[c] += (y == c).sum().item()
                hit[c] += ((y == c) & (p == c)).sum().item()
    return hit / cnt


rng = np.random.default_rng(2)
torch.manual_seed(2)
train_ds, val_ds = ToyAudio(900, rng), ToyAudio(500, rng)
train_loader = balanced_loader(train_ds, 45)
val_loader = DataLoader(val_ds, batch_size=100)
model = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 3))
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(6):
    model.train()
    for x, y in train_loader:
        opt.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        opt.step()
    print(epoch, "recall per class", per_class_recall(model, val_loader).round(3))
