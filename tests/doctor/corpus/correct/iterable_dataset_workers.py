"""An IterableDataset which gives each worker its own share and its own shuffle in every epoch."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class Stream(IterableDataset):
    def __init__(self, n, seed, buffer=64, shuffle=True):
        g = torch.Generator().manual_seed(seed)
        self.x = torch.randn(n, 6, generator=g)
        self.y = (self.x[:, 0] * self.x[:, 1] > 0).float()
        self.buffer, self.shuffle, self.epoch = buffer, shuffle, 0

    def set_epoch(self, e):
        self.epoch = e

    def __len__(self):
        return len(self.y)

    def _rows(self):
        info = get_worker_info()
        first, stride = (0, 1) if info is None else (info.id, info.num_workers)
        yield from range(first, len(self.y), stride)

    def __iter__(self):
        if not self.shuffle:
            for i in self._rows():
                yield self.x[i], self.y[i]
            return
        info = get_worker_info()
        g = torch.Generator().manual_seed(1000 * self.epoch + (0 if info is None else info.id))
        buf = []
        for i in self._rows():
            buf.append(i)
            if len(buf) >= self.buffer:
                j = torch.randint(len(buf), (), generator=g).item()
                buf[j], buf[-1] = buf[-1], buf[j]
                k = buf.pop()
                yield self.x[k], self.y[k]
        for j in torch.randperm(len(buf), generator=g).tolist():
            yield self.x[buf[j]], self.y[buf[j]]


def main():
    torch.manual_seed(0)
    train, val = Stream(800, 1), Stream(200, 2, shuffle=False)
    # workers are started anew in each epoch, so they see the epoch number set before
    loader = DataLoader(train, batch_size=40, num_workers=2)
    net = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 1), nn.Flatten(0))
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(3):
        train.set_epoch(epoch)
        net.train()
        seen, tot = 0, 0.0
        for x, y in loader:
            opt.zero_grad()
            loss = bce(net(x), y)
            loss.backward()
            opt.step()
            seen += len(y)
            tot += loss.item() * len(y)
        assert seen == len(train)
        net.eval()
        ok = n = 0
        with torch.no_grad():
            for x, y in DataLoader(val, batch_size=100):
                ok += ((net(x) > 0).float() == y).sum().item()
                n += len(y)
        print(f"epoch {epoch}: {seen} rows, loss {tot / seen:.3f}, val acc {ok / n:.3f}")


if __name__ == "__main__":
    main()
