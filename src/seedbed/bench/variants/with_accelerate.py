"""The hand-written loop with Accelerate's preparation and backward."""

from __future__ import annotations

import torch
from accelerate import Accelerator

from seedbed.bench.variants.by_hand import loader, loss_of
from seedbed.bench.workloads import Task


def train(task: Task) -> float:
    """Train; returns the last validation accuracy."""
    accelerator = Accelerator(cpu=True)
    model, optimizer, train_loader, val_loader = accelerator.prepare(
        task.model,
        torch.optim.Adam(task.model.parameters(), lr=task.lr),
        loader(task, task.train, shuffle=True),
        loader(task, task.val, shuffle=False),
    )
    accuracy = 0.0
    for _ in range(task.epochs):
        model.train()
        total_loss, hits = 0.0, 0
        for inputs, targets in train_loader:
            optimizer.zero_grad()
            outputs = model(inputs)
            loss = loss_of(outputs, targets)
            accelerator.backward(loss)
            optimizer.step()
            total_loss += loss.item() * len(inputs)
            hits += (outputs.argmax(-1) == targets).sum().item()
        model.eval()
        val_loss, val_hits, val_count = 0.0, 0, 0
        with torch.no_grad():
            for inputs, targets in val_loader:
                outputs = model(inputs)
                val_loss += loss_of(outputs, targets).item() * len(inputs)
                val_hits += (outputs.argmax(-1) == targets).sum().item()
                val_count += targets.numel()
        accuracy = val_hits / val_count
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, task.folder / "accelerate.pt")
    return accuracy
