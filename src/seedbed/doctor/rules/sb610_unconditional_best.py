"""The best checkpoint is overwritten in every epoch.

## What it does

Finds a "best" checkpoint that is written in every epoch.

## Why is this bad

The file holds the last model, not the best.

## Example

```python
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    torch.save(model.state_dict(), "best.pt")
```

## Use instead

```python
best = 0.0
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    score = evaluate_epoch(model)
    if score > best:
        best = score
        torch.save(model.state_dict(), "best.pt")
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("save"):
        path = event.args[1] if len(event.args) > 1 else None
        text = (
            str(path.const)
            if path is not None and path.kind == "const"
            else syntax.text(event.node.args[1])
            if isinstance(event.node, ast.Call) and len(event.node.args) > 1
            else ""
        )
        if (
            "best" not in words(text.replace("/", "_").replace(".", "_").replace("-", "_").replace("'", "_"))
            or not event.loops
            or event.conds
        ):
            continue
        if not any(b.inside(event.loops[-1]) for b in p.all("backward")):
            continue
        yield p.report(
            "SB610",
            event,
            "the best checkpoint is overwritten in every epoch without a condition",
            why="the file holds the last model, not the best one",
            fix="Save only when the validation score improves",
        )
