"""The floor: batches cut beforehand, fused Adam, nothing else. No order, no metrics, no validation, no checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from seedbed.bench.variants.by_hand import loss_of
from seedbed.bench.workloads import Task


def train(task: Task, tick: Callable[[], None] = lambda: None) -> None:
    """Train; ``tick`` is called after every update."""
    for _ in updates(task):
        tick()


def updates(task: Task) -> Iterator[None]:
    """Make an update each time the next item is asked for."""
    model, size = task.model, task.workload.batch_size
    inputs, targets = task.train
    if inputs.dtype == torch.uint8:
        inputs = (inputs.float().div_(255) - 0.1307) / 0.3081
    batches = list(zip(inputs.split(size), targets.split(size), strict=True))
    optimizer = torch.optim.Adam(model.parameters(), lr=task.lr, fused=True)
    for _ in range(task.epochs):
        for x, y in batches:
            optimizer.zero_grad()
            loss_of(model(x), y).backward()
            optimizer.step()
            yield
