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
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("floor_divide"):
        share = len(val.args) == 2 and _hits(val.args[0]) and _counts(val.args[1])
        if share and isinstance(val.node, ast.BinOp) and id(val.node) not in seen:
            seen.add(id(val.node))
            yield p.report(
                "SB321",
                val,
                f"integer division // cuts the metric {val.var} to 0 or 1".replace("metric  ", "metric "),
                why="a number of hits is divided by a number of samples, and the fraction is lost",
                fix="Use /",
            )
    for node in q.nodes(p, ast.BinOp):
        if not isinstance(node.op, ast.FloorDiv) or not isinstance(node.left, (ast.Name, ast.Attribute)):
            continue
        if id(node) in seen:
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


_MARKS = frozenset(["compare", "eq", "and", "logical_and", "bitwise_and", "mul"])


def _hits(val: Val) -> bool:
    """Whether a number counts where the outputs of a model meet something: ``((pred == 1) & (y == 1)).sum()``."""
    total = f.core(val)
    if total.name not in ("sum", "count_nonzero") or not total.args or total.shape not in (None, ()):
        return False
    mark = f.core(total.args[0])
    if mark.name not in _MARKS or len(mark.args) != 2 or not f.from_model(mark):
        return False
    return all(a.kind == "tensor" for a in mark.args)


def _counts(val: Val) -> bool:
    """Whether a number counts samples: a length, a sum, or a sum of those, at least one of it."""
    one = f.core(val)
    if one.name in ("max", "maximum", "clamp", "clamp_min", "clip", "add") and one.args:
        return any(_counts(a) for a in one.args)
    return one.kind != "const" and one.name in ("sum", "count_nonzero", "len", "numel", "size")
