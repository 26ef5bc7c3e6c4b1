"""Integer division cuts the metric.

## What it does

Finds integer division in a metric.

## Why is this bad

`//` cuts the fraction: an accuracy of 0.97 becomes 0.

## Example

```python
correct = total = 0
for x, y in val_loader:
    correct += (model(x).argmax(1) == y).sum().item()
    total += len(y)
print(correct // total)
```

## Use instead

```python
correct = total = 0
for x, y in val_loader:
    correct += (model(x).argmax(1) == y).sum().item()
    total += len(y)
print(correct / total)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for node in q.nodes(p, ast.BinOp):
        if not isinstance(node.op, ast.FloorDiv) or not isinstance(node.left, (ast.Name, ast.Attribute)):
            continue
        left = set(words(syntax.text(node.left).replace(".", "_")))
        if left & {"correct", "hits", "right", "acc", "loss", "matches"}:
            yield p.report(
                "SB321",
                (node, p.source),
                "integer division // cuts the metric to 0 or 1",
                why="the fraction is lost",
                fix="Use /",
            )
