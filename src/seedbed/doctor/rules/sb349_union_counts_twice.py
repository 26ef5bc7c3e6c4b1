"""The union of an IoU counts the overlap twice.

## What it does

Finds an intersection over union whose union is the sum of both areas, without subtracting the intersection.

## Why is this bad

A perfect prediction then scores 0.5: the number is neither IoU nor Dice.

## Example

```python
pred, mask = model(x) > 0, y > 0
inter = (pred & mask).sum()
union = pred.sum() + mask.sum()
print("IoU", inter / union)
```

## Use instead

```python
pred, mask = model(x) > 0, y > 0
inter = (pred & mask).sum()
union = pred.sum() + mask.sum() - inter
print("IoU", inter / union)
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
    for node in q.nodes(p, ast.Assign, ast.AugAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        name = syntax.text(target)
        if "union" not in words(name.rsplit(".", 1)[-1]) or not _two_areas(node.value):
            continue
        if isinstance(node, ast.AugAssign) and not isinstance(node.op, ast.Add):
            continue
        if _corrected(p, name):
            continue
        yield p.report(
            "SB349",
            (node, p.source),
            f"{name} is the sum of both areas: the intersection is counted twice, so this is no IoU (union)",
            why="the union of two sets is |A| + |B| - |A and B|; without that the best possible score is 0.5",
            fix="Subtract the intersection, or use (pred | mask).sum()",
        )


def _two_areas(value: ast.expr) -> bool:
    """Whether a value is the sum of two sums."""
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add):
        return False
    return all(
        any(_sum(n) for n in syntax.walk(side)) and "-" not in syntax.text(side) for side in (value.left, value.right)
    )


def _sum(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and syntax.text(node.func).rsplit(".", 1)[-1] in ("sum", "count_nonzero")


def _corrected(p: Program, name: str) -> bool:
    """Whether something is subtracted from it later, or twice the intersection stands above it (Dice)."""
    for node in q.nodes(p, ast.BinOp):
        if isinstance(node.op, ast.Sub) and syntax.text(node.left).startswith(name):
            return True
        if isinstance(node.op, ast.Div) and name in syntax.text(node.right):
            top = syntax.text(node.left)
            if "2 *" in top or "2.0 *" in top or "* 2" in top:
                return True
    return any(syntax.text(n.target) == name and isinstance(n.op, ast.Sub) for n in q.nodes(p, ast.AugAssign))
