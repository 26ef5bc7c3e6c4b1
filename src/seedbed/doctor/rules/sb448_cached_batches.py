"""The batches of the first epoch are repeated for ever.

## What it does

Finds `itertools.cycle(loader)`.

## Why is this bad

`cycle` keeps what it has seen and repeats it: the data is never shuffled again, random augmentation is frozen, and all
batches stay in memory.

## Example

```python
import itertools
from torch.utils.data import DataLoader
loader = DataLoader(data, batch_size=16, shuffle=True)
batches = itertools.cycle(loader)
for step in range(1000):
    x, y = next(batches)
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
from torch.utils.data import DataLoader
loader = DataLoader(data, batch_size=16, shuffle=True)
def forever(loader):
    while True:
        yield from loader
batches = forever(loader)
for step in range(1000):
    x, y = next(batches)
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.trains:
        return
    for event in p.first_calls("cycle"):
        if event.name not in ("itertools.cycle", "cycle") or not event.args:
            continue
        for loader in event.args[0].options():
            flag = loader.arg(2, "shuffle") if loader.kind == "loader" else None
            if flag is not None and flag.const is True:
                yield p.report(
                    "SB448",
                    event,
                    "itertools.cycle repeats the batches of the first epoch: they are cached, never shuffled again",
                    why="the same batches come in the same order for ever, the same augmentation, and all of "
                    "them stay in memory",
                    fix="Write a generator: while True: yield from loader",
                )
