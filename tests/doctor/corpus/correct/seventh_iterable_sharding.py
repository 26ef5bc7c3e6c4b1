"""IterableDataset over shards with worker splitting and an epoch-dependent shuffle buffer."""
import argparse
import random
from typing import Iterator

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class ShardStream(IterableDataset):
    def __init__(self, shards, buffer=0, seed=0):
        self.shards, self.buffer, self.seed, self.epoch = shards, buffer, seed, 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __len__(self):
        return sum(len(s["y"]) for s in self.shards)

    def _mine(self):
        info = get_worker_info()
        order = list(range(len(self.shards)))
        if self.buffer:
            random.Random(f"{self.seed}/{self.epoch}").shuffle(order)   # same order in every worker
        return order if info is None else order[info.id::info.num_workers]

    def _rows(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for i in self._mine():
            shard = self.shards[i]
            yield from zip(shard["x"], shard["y"])

    def __iter__(self):
        if not self.buffer:
            yield from self._rows()
            return
        info = get_worker_info()
        rng = random.Random(f"{self.seed}/{self.epoch}/{info.id if info else 0}")
        pool = []
        for row in self._rows():
            if len(pool) < self.buffer:
                pool.append(row)
                continue
            k = rng.randrange(self.buffer)
            row, pool[k] = pool[k], row
            yield row
        rng.shuffle(pool)
        yield from pool


def make_shards(n_shards, rows, gen, w):
    out = []
    for _ in range(n_shards):
        x = torch.randn(rows, 8, generator=gen)
        noise = 0.3 * torch.randn(rows, w.shape[1], generator=gen)
        out.append({"x": x, "y": (torch.relu(x @ w) + noise).argmax(1)})
    return out


def run_epoch(model, loader, opt=None):
    training = opt is not None
    model.train(training)
    loss_sum = hits = n = 0
    with torch.set_grad_enabled(training):
        for x, y in loader:
            out = model(x)
            loss = nn.functional.cross_entropy(out, y)
            if training:
                opt.zero_grad()
                loss.backward()
                opt.step()
            loss_sum += loss.item() * len(y)
            hits += (out.argmax(1) == y).sum().item()
            n += len(y)
    return loss_sum / n, hits / n, n


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--workers", type=int, default=2)
    ap.add_argument("--epochs", type=int, default=5)
    args = ap.parse_args()
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(8)
    w = torch.randn(8, 4, generator=gen)
    train = ShardStream(make_shards(6, 150, gen, w), buffer=100, seed=1)
    test = ShardStream(make_shards(2, 150, gen, w))
    # not persistent: every epoch forks workers that see the current epoch number
    train_dl = DataLoader(train, batch_size=50, num_workers=args.workers)
    test_dl = DataLoader(test, batch_size=64)
    model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 4))
    opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for epoch in range(args.epochs):
        train.set_epoch(epoch)
        loss, acc, n = run_epoch(model, train_dl, opt)
        assert n == len(train), (n, len(train))
        print(f"epoch {epoch} train loss {loss:.3f} acc {acc:.3f} rows {n}")
    loss, acc, n = run_epoch(model, test_dl)
    print(f"test loss {loss:.3f} acc {acc:.3f} rows {n}")


if __name__ == "__main__":
    main()
