"""DistributedSampler.set_epoch() is never called.

## What it does

Finds a `DistributedSampler` whose `set_epoch()` is never called.

## Why is this bad

Every epoch then has the same order.

## Example

```python
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler
sampler = DistributedSampler(train_set)
train_loader = DataLoader(train_set, sampler=sampler)
for epoch in range(10):
    for x, y in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler
sampler = DistributedSampler(train_set)
train_loader = DataLoader(train_set, sampler=sampler)
for epoch in range(10):
    sampler.set_epoch(epoch)
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
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if any(e.name == ".set_epoch" for e in p.calls("set_epoch")):
        return
    for loader, loop in d.training_loaders(p):
        for one in _samplers(loader):
            flag = one.kwargs.get("shuffle")
            if one.name == "DistributedSampler" and not (flag is not None and flag.const is False):
                yield p.report(
                    "SB410",
                    (loop.outer.node, loop.outer.src) if loop.outer is not None else one,
                    "DistributedSampler.set_epoch() is never called: every epoch has the same order",
                    why="the sampler shuffles with seed + epoch, and the epoch stays 0",
                    fix="Call sampler.set_epoch(epoch) at the start of every epoch",
                    related=(q.place(one),),
                )


def _samplers(loader: Val) -> Iterator[Val]:
    """What a loader may take its order from: its sampler, or the one that makes its batches."""
    for name in ("sampler", "batch_sampler"):
        given = loader.kwargs.get(name)
        for one in given.options() if given is not None else ():
            inner = one.arg(0, "sampler") if one.name == "BatchSampler" else one
            yield from inner.options() if inner is not None else ()
