"""Gradient accumulation: effective batch of 64 from micro-batches of 8."""
from typing import Iterator, Tuple

import torch
import torch.nn as nn
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

MICRO = 8
ACCUM = 8


class TokenCounts(IterableDataset):
    """Bag-of-words documents from four topics."""

    def __init__(self, n_docs: int, seed: int, vocab: int = 60, topics: int = 4):
        self.n, self.seed, self.vocab = n_docs, seed, vocab
        gen = torch.Generator().manual_seed(0)  # the same topics for every split
        self.topics = torch.softmax(0.6 * torch.randn(topics, vocab, generator=gen), dim=-1)
        self.epoch = 0

    def __iter__(self) -> Iterator[Tuple[Tensor, Tensor]]:
        gen = torch.Generator().manual_seed(self.seed * 1000 + self.epoch)
        for _ in range(self.n):
            k = torch.randint(len(self.topics), (), generator=gen)
            words = torch.multinomial(self.topics[k], 25, replacement=True, generator=gen)
            yield torch.bincount(words, minlength=self.vocab).float(), k


def evaluate(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    right = total = 0
    with torch.no_grad():
        for x, y in loader:
            right += int((model(x).argmax(-1) == y).sum())
            total += len(y)
    return right / total


def train_epoch(model: nn.Module, loader: DataLoader, opt: torch.optim.Optimizer, loss_fn: nn.Module) -> float:
    model.train()
    running, updates = 0.0, 0
    opt.zero_grad()
    for step, (x, y) in enumerate(loader):
        loss = loss_fn(model(x), y)
        loss.backward()
        running += loss.item()
        if (step + 1) % ACCUM == 0:
            opt.step()
            opt.zero_grad()
            updates += 1
    return running / (updates * ACCUM)


def main() -> None:
    torch.manual_seed(2)
    train_set, test_set = TokenCounts(512, seed=1), TokenCounts(200, seed=2)
    train_loader = DataLoader(train_set, batch_size=MICRO)  # 64 micro-batches: 8 full groups
    test_loader = DataLoader(test_set, batch_size=50)
    model = nn.Sequential(nn.Linear(60, 32), nn.LeakyReLU(), nn.Linear(32, 4))
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(8):
        train_set.epoch = epoch
        loss = train_epoch(model, train_loader, opt, loss_fn)
        print(f"{epoch}: loss {loss:.4f} test acc {evaluate(model, test_loader):.3f}")


if __name__ == "__main__":
    main()
