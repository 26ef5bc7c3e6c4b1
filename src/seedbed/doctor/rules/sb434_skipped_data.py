"""A part of the data is never used.

## What it does

Finds batch loops whose batch is not used: the body works on a variable from outside.

## Why is this bad

Every step trains on one and the same batch.

## Example

```python
images, labels = next(iter(loader))
for img, lab in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(images), labels).backward()
    optimizer.step()
```

## Use instead

```python
for images, labels in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(images), labels).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import rounds, syntax
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    done: set[int] = set()
    for event in p.all("loop"):
        node = event.node
        if id(node) in done or not isinstance(node, (ast.For, ast.AsyncFor)) or not rounds.is_loader_loop_event(event):
            continue
        done.add(id(node))
        if event.recv is None or event.recv.name == "range":
            continue
        names = {n.id for n in syntax.walk(node.target) if isinstance(n, ast.Name)}
        used = {
            n.id for s in node.body for n in syntax.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        }
        inside = [e for e in p.all("forward") if any(r.node is node for r in e.loops) and not e.depth]
        if names and not names & used and inside and not all(n.startswith("_") for n in names):
            yield p.report(
                "SB434",
                event,
                f"the batch of the loop ({', '.join(sorted(names))}) is never used: the body works on another variable",
                why="every round uses the same batch, and the data of the loader is never seen",
                fix="Use the loop variables in the body",
            )
