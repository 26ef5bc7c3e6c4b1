"""Data on disk (numpy memmap), streaming statistics by Welford, curves in a CSV file."""
import argparse
import csv
import os
import tempfile

import numpy as np
import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler


class Welford:
    """Mean and variance per column, fed in chunks (Chan et al.)."""

    def __init__(self, d):
        self.n, self.mean, self.m2 = 0, np.zeros(d), np.zeros(d)

    def add(self, chunk):
        chunk = np.asarray(chunk, dtype=np.float64)
        k = len(chunk)
        mean = chunk.mean(0)
        delta = mean - self.mean
        total = self.n + k
        self.m2 += ((chunk - mean) ** 2).sum(0) + delta ** 2 * self.n * k / total
        self.mean += delta * k / total
        self.n = total

    @property
    def std(self):
        return np.sqrt(self.m2 / (self.n - 1))


class Mapped(Dataset):
    """Indexed with a whole list of rows: one read per batch. The last column is the target."""

    def __init__(self, path, shape, lo, hi, stats):
        self.path, self.shape, self.lo, self.hi = path, shape, lo, hi
        self.mean, self.std = stats.mean.astype(np.float32), stats.std.astype(np.float32)
        self._map = None

    def __len__(self):
        return self.hi - self.lo

    def __getitem__(self, rows):
        if self._map is None:                     # opened where it is used, so once per worker
            self._map = np.memmap(self.path, np.float32, "r", shape=self.shape)
        block = (np.array(self._map[self.lo + np.asarray(rows)]) - self.mean) / self.std
        t = torch.from_numpy(block)
        return t[:, :-1], t[:, -1]


def loader(ds, size, shuffle):
    order = RandomSampler(ds) if shuffle else SequentialSampler(ds)
    return DataLoader(ds, sampler=BatchSampler(order, size, drop_last=False), batch_size=None)


def write(path, n, seed):
    rng = np.random.default_rng(seed)
    out = np.memmap(path, np.float32, "w+", shape=(n, 9))
    scale = np.array([1, 50, 0.01, 3, 1, 1000, 1, 1])
    for lo in range(0, n, 500):
        z = rng.normal(size=(min(500, n - lo), 8))
        y = 7 + 30 * (np.tanh(z[:, 0]) + z[:, 1] * z[:, 5] * 0.5) + rng.normal(size=len(z)) * 3
        out[lo:lo + len(z), :8] = z * scale + scale
        out[lo:lo + len(z), 8] = y
    out.flush()
    return out.shape


@torch.no_grad()
def mae(net, dl, unit):
    net.eval()
    total = rows = 0
    for x, y in dl:
        total += (net(x).squeeze(-1) - y).abs().sum().item()
        rows += len(y)
    return total / rows * unit


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--rows", type=int, default=4000)
    ap.add_argument("--epochs", type=int, default=8)
    args = ap.parse_args()
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        path, log = os.path.join(folder, "rows.f32"), os.path.join(folder, "log.csv")
        shape = write(path, args.rows, seed=3)
        a, b = int(args.rows * 0.7), int(args.rows * 0.85)
        view = np.memmap(path, np.float32, "r", shape=shape)
        stats = Welford(shape[1])
        for lo in range(0, a, 256):               # training rows only
            stats.add(view[lo:min(lo + 256, a)])
        assert stats.n == a and np.allclose(stats.std, view[:a].astype(np.float64).std(0, ddof=1))
        train, val, test = (Mapped(path, shape, *span, stats) for span in ((0, a), (a, b), (b, args.rows)))
        train_dl, val_dl, test_dl = loader(train, 64, True), loader(val, 256, False), loader(test, 256, False)
        unit = float(stats.std[-1])
        net = nn.Sequential(nn.Linear(8, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
        opt = torch.optim.Adam(net.parameters(), lr=3e-3)
        best, best_path = float("inf"), os.path.join(folder, "best.pt")
        with open(log, "w", newline="") as f:
            out = csv.DictWriter(f, ["epoch", "train_l1", "val_mae"])
            out.writeheader()
            for epoch in range(args.epochs):
                net.train()
                seen = acc = 0
                for x, y in train_dl:
                    loss = nn.functional.l1_loss(net(x).squeeze(-1), y)
                    opt.zero_grad()
                    loss.backward()
                    opt.step()
                    acc, seen = acc + loss.item() * len(y), seen + len(y)
                val_mae = mae(net, val_dl, unit)
                out.writerow({"epoch": epoch, "train_l1": acc / seen * unit, "val_mae": val_mae})
                if val_mae < best:
                    best = val_mae
                    torch.save(net.state_dict(), best_path)
        net.load_state_dict(torch.load(best_path, weights_only=True))
        with open(log) as f:
            curve = [float(r["val_mae"]) for r in csv.DictReader(f)]
        print(f"val mae {min(curve):.3f} at epoch {curve.index(min(curve))}, test mae {mae(net, test_dl, unit):.3f}")


if __name__ == "__main__":
    main()
