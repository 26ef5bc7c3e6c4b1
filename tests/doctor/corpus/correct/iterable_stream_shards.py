"""A stream cut over workers and shuffled through a small buffer."""
import random

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class Stream(IterableDataset):
    def __init__(self, n_records, shuffle_buffer=0, seed=0):
        self.n, self.buffer, self.seed, self.epoch = n_records, shuffle_buffer, seed, 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def record(self, i):
        g = torch.Generator().manual_seed(self.seed * 100_003 + i)
        x = torch.randn(6, generator=g)
        return x, (x[:3].sum() > x[3:].sum()).float()

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        rng = random.Random(f"{self.seed}-{self.epoch}-{worker}")
        held = []
        for i in range(worker, self.n, workers):
            if not self.buffer:
                yield self.record(i)
                continue
            held.append(i)
            if len(held) >= self.buffer:
                k = rng.randrange(len(held))
                held[k], held[-1] = held[-1], held[k]
                yield self.record(held.pop())
        rng.shuffle(held)
        for i in held:
            yield self.record(i)


def main():
    torch.manual_seed(0)
    train_set = Stream(600, shuffle_buffer=100, seed=1)
    train = DataLoader(train_set, batch_size=40)
    valid = DataLoader(Stream(200, seed=2), batch_size=100)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(3):
        train_set.set_epoch(epoch)
        model.train()
        for x, y in train:
            loss = bce(model(x).squeeze(-1), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        model.eval()
        n = good = 0
        with torch.no_grad():
            for x, y in valid:
                good += ((model(x).squeeze(-1) > 0).float() == y).sum().item()
                n += y.numel()
        print(epoch, good / n)


if __name__ == "__main__":
    main()
