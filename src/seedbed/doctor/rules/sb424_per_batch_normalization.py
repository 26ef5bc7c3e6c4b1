"""Inputs are normalised with each batch's own statistics.

## What it does

Finds inputs that are normalised with the statistics of each batch.

## Why is this bad

A sample's input depends on the other samples. At test time, with other batches, the model sees something
else.

## Example

```python
for x, y in loader:
    x = (x - x.mean(0)) / x.std(0)
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
mean, std = x_train.mean(0), x_train.std(0)
for x, y in loader:
    x = (x - mean) / std
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import lineage, rounds, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    within = {  # taken over one sample, before there is a batch
        id(e.result)
        for e in p.calls("mean", "std", "min", "max", "var")
        if any(f.name == "__getitem__" for f in e.funcs)
    }
    for event in training.forwards(p):
        if not event.args or not event.loops or not rounds.is_loader_loop(event.loops[-1]):
            continue
        for val in q.chain(event.args[0]):
            if val.name != "div" or len(val.args) != 2 or val.args[0].name != "sub" or id(val.node) in seen or val.grad:
                continue
            base = val.args[0].args[0]
            stats = [
                v
                for part in (val.args[0].args[1], val.args[1])
                for v in q.chain(part)
                if v.name in ("mean", "std", "min", "max", "var") and v.args and v.args[0] is base
            ]
            if not stats or any(d.per_sample(s) or id(s) in within for s in stats):
                continue
            if (
                any(s.name in ("mean", "std") for s in stats)
                and rounds.loop_of(p, val) is not None
                and any(id(s.node) in lineage.stepping(p) for s in stats)
                and any(v.name in ("batch", "getitem", "part", "element") for v in [base, *q.chain(base)])
            ):
                seen.add(id(val.node))
                yield p.report(
                    "SB424",
                    val,
                    "inputs are normalised with the mean and deviation of each batch",
                    why="a sample's input depends on the rest of its batch, so training and evaluation see "
                    "different inputs",
                    fix="Compute mean and std once on the training data and use them everywhere",
                )
