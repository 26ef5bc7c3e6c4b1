import argparse
import itertools
import math

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Segments(Dataset):
    """Points of a noisy parabola family; the target is the curvature and the offset."""

    def __init__(self, count, seed):
        rng = np.random.default_rng(seed)
        self.coef = rng.uniform(-1, 1, size=(count, 2)).astype(np.float32)
        grid = np.linspace(-1, 1, 16, dtype=np.float32)
        values = self.coef[:, :1] * grid ** 2 + self.coef[:, 1:]
        self.values = values + 0.3 * rng.standard_normal(values.shape).astype(np.float32)

    def __len__(self):
        return len(self.coef)

    def __getitem__(self, i):
        return self.values[i], self.coef[i]


def options():
    ap = argparse.ArgumentParser()
    ap.add_argument("--batch", type=int, default=4, help="what fits into memory")
    ap.add_argument("--accumulate", type=int, default=8)
    ap.add_argument("--epochs", type=int, default=4)
    ap.add_argument("--lr", type=float, default=0.1)
    return ap.parse_args()


def chunks(iterable, size):
    it = iter(iterable)
    while chunk := list(itertools.islice(it, size)):
        yield chunk


def update(model, optimizer, group, loss_fn):
    """One optimizer step over a group of small batches, weighted by their sizes."""
    rows = sum(len(x) for x, _ in group)
    value = 0.0
    for x, y in group:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y) * (len(x) / rows)
        loss.backward()
        value += loss.item()
    optimizer.step()
    return value, rows


def main():
    opt = options()
    torch.manual_seed(0)
    train = DataLoader(Segments(900, 0), batch_size=opt.batch, shuffle=True)
    test = Segments(500, 1)
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 2))
    loss_fn = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=opt.lr, momentum=0.9)
    steps = opt.epochs * math.ceil(len(train) / opt.accumulate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, total_iters=steps)
    for epoch in range(opt.epochs):
        model.train()
        weighted = n = 0
        for group in chunks(train, opt.accumulate):
            value, rows = update(model, optimizer, group, loss_fn)
            schedule.step()
            weighted += value * rows
            n += rows
        print(f"epoch {epoch + 1}: {weighted / n:.5f}")
    model.eval()
    with torch.inference_mode():
        err = loss_fn(model(torch.from_numpy(test.values)), torch.from_numpy(test.coef))
    print(f"test mse {err.item():.5f}")


if __name__ == "__main__":
    main()
