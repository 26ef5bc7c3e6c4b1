"""Streaming IterableDataset sharded over workers, each worker with its own random stream; streaming standardiser."""
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

TRUE_W = torch.tensor([1.5, -2.0, 0.7, 0.0])


class Stream(IterableDataset):
    """Record i is a pure function of (seed, i), so sharding never duplicates or loses a record."""

    def __init__(self, start, stop, seed):
        self.start, self.stop, self.seed, self.epoch = start, stop, seed, 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def record(self, i):
        g = np.random.default_rng([self.seed, i])
        x = torch.tensor(g.normal(5.0, 3.0, 4), dtype=torch.float32)
        return x, x @ TRUE_W + 0.3 * float(g.normal())

    def __iter__(self):
        info = get_worker_info()
        wid, n = (0, 1) if info is None else (info.id, info.num_workers)
        ids = list(range(self.start + wid, self.stop, n))
        random.Random(1000 * self.epoch + wid).shuffle(ids)
        for i in ids:
            yield self.record(i)


def seed_worker(worker_id):
    seed = torch.initial_seed() % 2**32
    np.random.seed(seed)
    random.seed(seed)


def mean_mse(model, loader, norm):
    model.eval()
    se, n = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            se += (model(norm(x)).squeeze(1) - y).pow(2).sum().item()
            n += len(y)
    return se / n, n


def main():
    torch.manual_seed(8)
    train = Stream(0, 1000, seed=8)
    gen = torch.Generator().manual_seed(8)
    train_dl = DataLoader(train, batch_size=32, num_workers=2, worker_init_fn=seed_worker, generator=gen)
    test_dl = DataLoader(Stream(10_000, 10_300, seed=8), batch_size=100)

    xs = torch.stack([train.record(i)[0] for i in range(300)])  # statistics from the training range
    mean, std = xs.mean(0), xs.std(0)
    norm = lambda x: (x - mean) / std
    model = nn.Linear(4, 1)
    opt = torch.optim.Adam(model.parameters(), lr=0.2)
    epochs = 4
    sched = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.5)
    for epoch in range(epochs):
        train.set_epoch(epoch)  # workers are started anew per epoch and receive this value
        model.train()
        seen, total = 0, 0.0
        for x, y in train_dl:
            loss = nn.functional.mse_loss(model(norm(x)).squeeze(1), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            seen, total = seen + len(y), total + loss.item() * len(y)
        sched.step()
        assert seen == 1000
        print(f"epoch {epoch + 1}: train mse {total / seen:.4f} over {seen} records")
    mse, n = mean_mse(model, test_dl, norm)
    print(f"test mse {mse:.4f} on {n} records; weights {[round(v, 2) for v in (model.weight.detach()[0] / std).tolist()]}")


if __name__ == "__main__":
    main()
