"""zip() of two loaders stops at the shorter one.

## What it does

Finds training loops over `zip` of two loaders of very different length.

## Why is this bad

Most batches of the longer loader are never used in an epoch.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset
small = DataLoader(TensorDataset(torch.randn(64, 4)), batch_size=16, shuffle=True)
large = DataLoader(TensorDataset(torch.randn(6400, 4)), batch_size=16, shuffle=True)
for (a,), (b,) in zip(small, large):
    optimizer.zero_grad()
    F.mse_loss(model(a), model(b)).backward()
    optimizer.step()
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset
small = DataLoader(TensorDataset(torch.randn(64, 4)), batch_size=16, shuffle=True)
large = DataLoader(TensorDataset(torch.randn(6400, 4)), batch_size=16, shuffle=True)
def forever(loader):
    while True:
        yield from loader
for (a,), (b,) in zip(forever(small), large):
    optimizer.zero_grad()
    F.mse_loss(model(a), model(b)).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import metering
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for event in p.all("backward"):
        for loop in event.loops:
            over = loop.over
            while over is not None and over.kind == "iter" and over.name in ("enumerate", "tqdm") and over.args:
                over = over.args[0]
            if over is None or over.name != "zip" or id(loop.node) in told:
                continue
            counts = [_batches(a) for a in over.args]
            known = [c for c in counts if c]
            if len(known) < 2 or len(known) < len(counts) or max(known) < 3 * min(known):
                continue
            told.add(id(loop.node))
            yield p.report(
                "SB723",
                (loop.node, loop.src),
                f"zip stops at the shorter loader: {min(known)} batches of {max(known)} are used in an epoch",
                why="the rest of the longer loader is never seen in this epoch",
                fix="Repeat the shorter loader (a generator with while True: yield from loader) or draw next() from it",
            )


def _batches(val: Val) -> int:
    """How many batches a loader gives, 0 when unknown."""
    if val.kind != "loader" or not val.args:
        return 0
    size, count = val.number(1, "batch_size"), metering.dataset_size(val.args[0])
    return math.ceil(count / size) if type(size) is int and size > 0 and type(count) is int else 0
