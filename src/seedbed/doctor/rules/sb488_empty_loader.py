"""The training loader has no batch at all.

## What it does

Finds loaders with `drop_last=True` whose batch is larger than the data.

## Why is this bad

The only batch is incomplete and dropped: the loop over the loader never runs and nothing is trained.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.randn(100, 4), torch.randn(100, 1))
loader = DataLoader(data, batch_size=128, shuffle=True, drop_last=True)
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.randn(100, 4), torch.randn(100, 1))
loader = DataLoader(data, batch_size=32, shuffle=True, drop_last=True)
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, metering
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_makers("loader"):
        loader = event.result
        if loader is None or loader.kind != "loader" or not loader.args:
            continue
        drop, size = loader.kwargs.get("drop_last"), loader.number(1, "batch_size")
        count = metering.dataset_size(loader.args[0]) or _picked(loader.args[0])
        if drop is None or drop.const is not True or type(size) is not int or type(count) is not int:
            continue
        if 0 < count < size:
            yield p.report(
                "SB488",
                event,
                f"the loader is empty: drop_last=True drops its only batch ({count} samples, batch_size={size})",
                why="there are zero batches, so the loop over it never runs and the weights are never updated",
                fix="Use a batch_size that is not larger than the data, or drop_last=False",
                samples=count,
                batch_size=size,
            )


def _picked(data: Val) -> int | None:
    """The number of rows, when they are picked by one part of a permutation of known length."""
    for one in data.args[:1] if data.name == "TensorDataset" else ():
        for step in lineage.certain(one):
            key = lineage.row_key(step)
            cut = lineage.row_key(key) if key is not None else None
            if key is None or cut is None or cut.kind != "slice" or not cut.args[2].is_none:
                continue
            low, high = cut.args[0], cut.args[1]
            if low.is_none and type(high.const) is int and high.const > 0:
                return int(high.const)
    return None
