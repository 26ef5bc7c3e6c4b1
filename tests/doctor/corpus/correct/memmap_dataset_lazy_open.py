import os
import tempfile

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset


def write(path, n=1500, d=20, chunk=250):
    rng = np.random.default_rng(0)
    w = rng.normal(size=d)
    mm = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(n, d + 1))
    for s in range(0, n, chunk):
        x = rng.normal(loc=5.0, scale=3.0, size=(chunk, d))
        mm[s:s + chunk, :d] = x
        mm[s:s + chunk, d] = np.sin((x - 5) @ w / 10) + 0.05 * rng.normal(size=chunk)
    mm.flush()


class MemmapRows(Dataset):
    """Opens the file on first use, so that a copy in a worker has its own handle."""

    def __init__(self, path, mean=0.0, std=1.0):
        self.path, self.mean, self.std, self._mm = path, mean, std, None
        self.n = np.load(path, mmap_mode="r").shape[0]

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if self._mm is None:
            self._mm = np.load(self.path, mmap_mode="r")
        row = np.array(self._mm[i])            # a copy: the map is read-only
        return torch.from_numpy((row[:-1] - self.mean) / self.std), torch.from_numpy(row[-1:])


def streaming_stats(path, rows, chunk=200):
    mm = np.load(path, mmap_mode="r")
    s = s2 = 0.0
    for k in range(0, len(rows), chunk):
        b = np.asarray(mm[np.sort(rows[k:k + chunk]), :-1], dtype=np.float64)
        s, s2 = s + b.sum(0), s2 + (b ** 2).sum(0)
    mean = s / len(rows)
    return mean.astype(np.float32), np.sqrt(s2 / len(rows) - mean ** 2).astype(np.float32)


torch.manual_seed(0)
with tempfile.TemporaryDirectory() as tmp:
    path = os.path.join(tmp, "rows.npy")
    write(path)
    order = np.random.default_rng(1).permutation(1500)
    tr, va = order[:1200], order[1200:]
    ds = MemmapRows(path, *streaming_stats(path, tr))
    train = DataLoader(Subset(ds, tr.tolist()), batch_size=64, shuffle=True)
    val = DataLoader(Subset(ds, va.tolist()), batch_size=150)
    net = nn.Sequential(nn.Linear(20, 64), nn.Tanh(), nn.Linear(64, 1))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(6):
        net.train()
        for x, y in train:
            opt.zero_grad()
            nn.functional.mse_loss(net(x), y).backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            se = sum(nn.functional.mse_loss(net(x), y, reduction="sum").item() for x, y in val)
        print(f"epoch {epoch} val mse {se / len(va):.4f}")
    ds._mm = None
