import time

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


def make_shards(n_shards, rows, seed):
    """Click logs in shards, as the nightly export writes them."""
    g = torch.Generator().manual_seed(seed)
    shards = []
    for _ in range(n_shards):
        x = torch.randn(rows, 16, generator=g)
        z = 1.2 * x[:, 0] - x[:, 1] * x[:, 2] + 0.5 * x[:, 3]
        y = (torch.rand(rows, generator=g) < torch.sigmoid(2 * z)).float()
        shards.append((x, y))
    return shards


class ClickStream(IterableDataset):
    def __init__(self, shards):
        super().__init__()
        self.shards = shards

    def __iter__(self):
        for k in torch.randperm(len(self.shards)).tolist():
            x, y = self.shards[k]
            for i in torch.randperm(len(y)).tolist():
                yield x[i], y[i]


class CTR(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = nn.Linear(16, 1)
        self.deep = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x):
        return (self.wide(x) + self.deep(x)).squeeze(1)


def train_epoch(model, loader, optimizer):
    model.train()
    total, seen = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
        seen += len(y)
    return total / seen


@torch.inference_mode()
def log_loss(model, shards):
    model.eval()
    total = sum(nn.functional.binary_cross_entropy_with_logits(model(x), y, reduction="sum").item() for x, y in shards)
    return total / sum(len(y) for _, y in shards)


def main(epochs=3):
    torch.manual_seed(1)
    train_loader = DataLoader(ClickStream(make_shards(8, 150, seed=1)), batch_size=30, num_workers=2)
    test_shards = make_shards(2, 200, seed=2)
    model = CTR()
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.05)
    start = time.perf_counter()
    for epoch in range(epochs):
        loss = train_epoch(model, train_loader, optimizer)
        print(f"epoch {epoch} ({time.perf_counter() - start:.1f}s) train {loss:.4f} test {log_loss(model, test_shards):.4f}")


if __name__ == "__main__":
    main()
