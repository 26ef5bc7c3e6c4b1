import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


def log_spectrum(wave):
    spec = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return np.log1p(spec[1:65]).astype(np.float32)


class BirdCalls(Dataset):
    """Computes the spectrum of a recording once and keeps it."""

    cache = {}

    def __init__(self, waves, labels):
        self.waves = waves
        self.labels = labels

    def __len__(self):
        return len(self.waves)

    def __getitem__(self, i):
        if i not in self.cache:
            self.cache[i] = (torch.from_numpy(log_spectrum(self.waves[i])), int(self.labels[i]))
        return self.cache[i]


def record(n, rng):
    t = np.arange(256) / 256
    labels = rng.integers(0, 3, n)
    freq = np.array([18.0, 24.0, 30.0])[labels] + rng.normal(0, 2.5, n)
    phase = rng.uniform(0, 2 * np.pi, n)
    waves = np.sin(2 * np.pi * freq[:, None] * t + phase[:, None]) + rng.normal(0, 0.8, (n, 256))
    return waves, labels


rng = np.random.default_rng(50)
torch.manual_seed(50)
train_ds = BirdCalls(*record(300, rng))
val_ds = BirdCalls(*record(100, rng))
train_dl = DataLoader(train_ds, batch_size=30, shuffle=True)
val_dl = DataLoader(val_ds, batch_size=50)

net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 3))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()
for ep in range(24):
    net.train()
    for x, y in train_dl:
        opt.zero_grad()
        loss_fn(net(x), y).backward()
        opt.step()
    net.eval()
    val_loss, hits = 0.0, 0
    with torch.no_grad():
        for x, y in val_dl:
            out = net(x)
            val_loss += loss_fn(out, y).item() * len(y)
            hits += (out.argmax(1) == y).sum().item()
    if ep % 6 == 5:
        print(f"ep {ep + 1:2d} val loss {val_loss / len(val_ds):.3f} acc {hits / len(val_ds):.2f}")
