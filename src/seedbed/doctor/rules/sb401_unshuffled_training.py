"""The training data is not shuffled.

## What it does

Finds a training `DataLoader` without shuffling.

## Why is this bad

The batches come in the same order in every epoch. Sorted data gives batches of one class, and training is
biased.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset
train_set = TensorDataset(torch.randn(100, 4), torch.zeros(100).long())
train_loader = DataLoader(train_set, batch_size=10)
for epoch in range(3):
    for x, y in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset
train_set = TensorDataset(torch.randn(100, 4), torch.zeros(100).long())
train_loader = DataLoader(train_set, batch_size=10, shuffle=True)
for epoch in range(3):
    for x, y in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for loader, loop in d.training_loaders(p):
        if any(k in loader.kwargs for k in ("sampler", "batch_sampler", "**")):
            continue
        flag = loader.arg(2, "shuffle")
        if flag is not None and not (flag.kind == "const" and flag.const in (False, 0)):
            continue
        data = loader.args[0] if loader.args else None
        if data is None or "iterable" in data.tags or (data.kind in ("unknown", "iter") and not data.var):
            continue
        size = loader.arg(1, "batch_size")
        if size is not None and (size.name == "len" or size.is_none):
            continue
        count, batch = q.dataset_size(data), size.const if size is not None else 1
        if isinstance(count, int) and isinstance(batch, int) and batch >= count:
            continue
        if d.carries_state(p, loop) or d.shuffled_source(data) or loader.split in ("val", "test"):
            continue
        yield p.report(
            "SB401",
            loader,
            "the training data is not shuffled: shuffle=True is missing in the training DataLoader",
            why="batches come in the same order in every epoch; ordered data gives one-sided batches",
            fix="Pass shuffle=True",
            related=((str(loop.src.path), loop.line, "the training loop"),),
        )
