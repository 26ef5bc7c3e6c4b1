"""The loop that a good engineer writes by hand: DataLoader, Adam, loss and accuracy, a checkpoint every epoch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset

from seedbed.bench.workloads import Split, Task


def loader(task: Task, split: Split, *, shuffle: bool) -> DataLoader[tuple[Tensor, ...]]:
    """Batches of a split."""
    dataset: Dataset[tuple[Tensor, ...]] = TensorDataset(*split)
    if task.workload.per_sample:
        from seedbed.bench.variants.images import Images

        dataset = Images(*split)
    return DataLoader(dataset, batch_size=task.workload.batch_size, shuffle=shuffle)


def loss_of(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy; classes are in the last dimension."""
    return F.cross_entropy(outputs.flatten(0, -2), targets.flatten())


def train(task: Task) -> float:
    """Train; returns the last validation accuracy."""
    model = task.model
    optimizer = torch.optim.Adam(model.parameters(), lr=task.lr)
    train_loader, val_loader = loader(task, task.train, shuffle=True), loader(task, task.val, shuffle=False)
    accuracy = 0.0
    for epoch in range(task.epochs):
        model.train()
        total_loss, hits, count = 0.0, 0, 0
        for inputs, targets in train_loader:
            optimizer.zero_grad()
            outputs = model(inputs)
            loss = loss_of(outputs, targets)
            loss.backward()
            optimizer.step()
            total_loss += loss.item() * len(inputs)
            hits += (outputs.argmax(-1) == targets).sum().item()
            count += len(inputs)
        model.eval()
        val_loss, val_hits, val_count = 0.0, 0, 0
        with torch.no_grad():
            for inputs, targets in val_loader:
                outputs = model(inputs)
                val_loss += loss_of(outputs, targets).item() * len(inputs)
                val_hits += (outputs.argmax(-1) == targets).sum().item()
                val_count += targets.numel()
        accuracy = val_hits / val_count
        torch.save(
            {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, task.folder / "last.pt"
        )
    return accuracy
