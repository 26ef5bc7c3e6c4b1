"""An iterator is empty after the first epoch.

## What it does

Finds iterators (zip, map, generators, `iter(loader)`) that are made once and read in every epoch.

## Why is this bad

They are empty after the first epoch: later epochs train on nothing.

## Example

```python
batches = zip(inputs, targets)
for epoch in range(10):
    for x, y in batches:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
for epoch in range(10):
    for x, y in zip(inputs, targets):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    once = {"zip", "map", "enumerate", "iter", "generator", "comprehension", "filter", "reversed"}
    seen: set[int] = set()
    for event in p.all("loop"):
        over = event.recv
        if over is None or id(event.node) in seen or not event.loops:
            continue
        for one in over.options():
            if one.kind == "iter" and one.name in ("enumerate", "tqdm", "zip") and one.args and one.name == "enumerate":
                inner = one.args[0]
                if inner.kind == "iter" and inner.name in once:
                    one = inner
            if one.kind != "iter" or one.name not in once or one.node is None:
                continue
            outer = event.loops[-1].node
            start, end = getattr(outer, "lineno", 0), getattr(outer, "end_lineno", 0) or 0
            if one.src is not event.src or start <= one.line <= end or not one.var:
                continue
            if one.name == "comprehension" and not isinstance(one.node, ast.GeneratorExp):
                continue
            fresh = [e for n, v, e in p.assigns if n == one.var and any(f.node is outer for f in e.loops)]
            if fresh or isinstance(outer, ast.While) or (one.name == "generator" and event.funcs and one.line > end):
                continue
            body = set(ast.walk(outer))
            if event.node not in body:
                continue
            seen.add(id(event.node))
            yield p.report(
                "SB419",
                one,
                f"{one.var or one.name} is an iterator that is exhausted after the first epoch",
                why=f"it is made once (line {one.line}) and read in every round of the loop at line {start}; "
                f"from the second epoch on it is empty",
                fix="Make it inside the epoch loop, or use a list",
                related=((str(event.src.path), event.line, "the loop that reads it"),),
            )
