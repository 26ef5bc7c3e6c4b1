"""Next(iter(loader)) in the loop gives a first batch every time.

## What it does

Finds `next(iter(loader))` inside the training loop.

## Why is this bad

A new iterator starts at the first batch every time: the rest of the data is never used.

## Example

```python
from torch.utils.data import DataLoader
loader = DataLoader(train_set, batch_size=10)
for step in range(1000):
    x, y = next(iter(loader))
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
from torch.utils.data import DataLoader
loader = DataLoader(train_set, batch_size=10)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("call"):
        if event.name != "builtins.next" or not event.args or not event.loops or not isinstance(event.node, ast.Call):
            continue
        inner = event.node.args[0]
        if not isinstance(inner, ast.Call) or ast.unparse(inner.func) != "iter" or not event.args[0].args:
            continue
        loader = event.args[0].args[0]
        flag = loader.arg(2, "shuffle") if loader.kind == "loader" else None
        if not any(b.inside(event.loops[-1]) for b in p.all("backward")):
            continue
        parts = [event.result, *(event.result.items or [])] if event.result is not None else []
        if not any(x is v for x in parts for e in training.forwards(p) for a in e.args for v in ancestors(a, limit=60)):
            continue
        learned = any(p.trained(x) for x in parts)
        shuffled = flag is not None and flag.const is True
        yield p.report(
            "SB426",
            event,
            "next(iter(loader)) in the loop makes a new iterator each time: it always gives a first batch",
            why="the same first batch comes every time (with shuffle=True a new random one), and most data "
            "is never visited in order",
            fix="Loop over the loader: for x, y in loader",
            severity=Severity.HINT if not learned else Severity.WARNING if shuffled else Severity.ERROR,
        )
