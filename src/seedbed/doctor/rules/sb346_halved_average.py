"""A running average counts the last values most.

## What it does

Finds averages over batches that are updated by `(average + value) / 2`.

## Why is this bad

The last batch counts one half, the one before it a quarter: the result is that of the last few batches.

## Example

```python
average = 0.0
for x, y in val_loader:
    loss = F.cross_entropy(model(x), y).item()
    average = (average + loss) / 2
print(average)
```

## Use instead

```python
total, seen = 0.0, 0
for x, y in val_loader:
    total += F.cross_entropy(model(x), y).item() * len(x)
    seen += len(x)
print(total / seen)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import restarts, syntax
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    inner = {id(f.node) for e in p.all("forward", "compare", "loss") for f in e.loops}
    bodies: dict[int, dict[int, ast.Assign]] = {}  # per loop: its assignments by their target
    for name, _, event in p.assigns:
        if not event.loops or id(event.node) in told or id(event.loops[-1].node) not in inner:
            continue
        loop = event.loops[-1].node
        if id(loop) not in bodies:
            nodes = (n for s in getattr(loop, "body", []) for n in syntax.walk(s))
            bodies[id(loop)] = {id(n.targets[0]): n for n in nodes if isinstance(n, ast.Assign)}
        node = bodies[id(loop)].get(id(event.node))
        if node is not None and _halves(node.value, name) and not _made_anew(loop, node, name):
            told.add(id(event.node))
            yield p.report(
                "SB346",
                (node, event.src),
                f"{name} = ({name} + value) / 2 is no mean: the last batch counts one half, the first nothing",
                why="this is an exponential average with factor 0.5 instead of the average over all batches",
                fix="Add up loss * batch size and divide by the number of samples at the end",
            )


def _made_anew(loop: ast.AST, node: ast.Assign, name: str) -> bool:
    """Whether every round of the loop makes ``name`` anew first: half of two things of one round is their mean."""
    target = getattr(loop, "target", None)
    if target is not None and any(isinstance(n, ast.Name) and n.id == name for n in syntax.walk(target)):
        return True
    return restarts.begun_anew(loop, name, getattr(loop, "lineno", 0), node)


def _halves(value: ast.expr, name: str) -> bool:
    """Whether a value is half the sum of the old average and something else."""
    if not isinstance(value, ast.BinOp):
        return False
    top: ast.expr | None = None
    if isinstance(value.op, ast.Div) and isinstance(value.right, ast.Constant) and value.right.value in (2, 2.0):
        top = value.left
    elif isinstance(value.op, ast.Mult):
        for number, other in ((value.left, value.right), (value.right, value.left)):
            if isinstance(number, ast.Constant) and number.value == 0.5:
                top = other
    if not isinstance(top, ast.BinOp) or not isinstance(top.op, ast.Add):
        return False
    sides = [isinstance(s, ast.Name) and s.id == name for s in (top.left, top.right)]
    return sides.count(True) == 1
