"""Metric learning with batch-hard triplets and a P x K sampler."""
from __future__ import annotations

import random
from collections import defaultdict
from typing import Iterator

import torch
from torch import nn
from torch.utils.data import DataLoader, Sampler, TensorDataset


class PKSampler(Sampler):
    def __init__(self, labels: list[int], p: int, k: int, batches: int, seed: int = 0) -> None:
        self.p, self.k, self.batches = p, k, batches
        self.seed, self.epoch = seed, 0
        self.by_class: dict[int, list[int]] = defaultdict(list)
        for i, c in enumerate(labels):
            self.by_class[c].append(i)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        rng = random.Random(self.seed * 1000 + self.epoch)
        for _ in range(self.batches):
            batch: list[int] = []
            for c in rng.sample(sorted(self.by_class), self.p):
                batch.extend(rng.sample(self.by_class[c], self.k))
            yield batch

    def __len__(self) -> int:
        return self.batches


def batch_hard_triplet(emb: torch.Tensor, labels: torch.Tensor, margin: float = 0.3) -> torch.Tensor:
    dist = torch.cdist(emb, emb)
    same = labels[:, None] == labels[None, :]
    hardest_positive = dist.masked_fill(~same, 0.0).amax(dim=1)
    hardest_negative = dist.masked_fill(same, float("inf")).amin(dim=1)
    return torch.relu(hardest_positive - hardest_negative + margin).mean()


class Embedder(nn.Module):
    def __init__(self, d_in: int, d_out: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d_in, 64), nn.ReLU(), nn.Linear(64, d_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.normalize(self.net(x), dim=-1)


@torch.no_grad()
def recall_at_1(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    was_training = model.training
    model.eval()
    emb = model(x)
    d = torch.cdist(emb, emb)
    d.fill_diagonal_(float("inf"))
    hit = (y[d.argmin(dim=1)] == y).float().mean().item()
    model.train(was_training)
    return hit


def main() -> None:
    torch.manual_seed(5)
    n_class = 10
    proto = torch.randn(n_class, 12)
    y = torch.arange(n_class).repeat_interleave(40)
    x = proto[y] + 0.8 * torch.randn(len(y), 12)
    seen = y < 7  # unseen classes are kept for evaluation
    x_tr, y_tr, x_te, y_te = x[seen], y[seen], x[~seen], y[~seen]

    sampler = PKSampler(y_tr.tolist(), p=4, k=8, batches=15)
    loader = DataLoader(TensorDataset(x_tr, y_tr), batch_sampler=sampler)
    model = Embedder(12, 8)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    print("before", recall_at_1(model, x_te, y_te))
    for epoch in range(3):
        sampler.set_epoch(epoch)
        for xb, yb in loader:
            loss = batch_hard_triplet(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(epoch, loss.item(), recall_at_1(model, x_te, y_te))


if __name__ == "__main__":
    main()
