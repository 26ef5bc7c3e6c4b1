"""Counts are added at an index that repeats: each place is counted once a batch.

## What it does

Finds `counts[labels] += 1` and `matrix[labels, guesses] += 1` where the index holds the labels or guesses of a batch.

## Why is this bad

An index that repeats is read and written once: ten samples of one class count as one. The confusion matrix, and what is
worked out from it, is wrong, and the more so the larger the batch.

## Example

```python
matrix = torch.zeros(10, 10)
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        matrix[y, model(x).argmax(1)] += 1
print(matrix.diag() / matrix.sum(1))
```

## Use instead

```python
matrix = torch.zeros(10, 10)
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        matrix.index_put_((y, model(x).argmax(1)), torch.ones(len(y)), accumulate=True)
print(matrix.diag() / matrix.sum(1))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.repeats import repeats
from seedbed.doctor.static.values import Val

_TABLES = ("zeros", "np_zeros", "new_zeros", "zeros_like", "np_zeros_like", "ones", "np_ones", "full", "np_full")
_SAME = ("long", "int", "cpu", "to", "numpy", "detach", "view", "reshape", "flatten", "squeeze", "ravel", "data")
_ONCE = ("unique", "np_unique", "arange", "np_arange", "randperm", "nonzero", "where", "topk", "range", "item", "int")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("augment"):
        target = getattr(event.node, "target", None)
        if event.name != "Add" or not isinstance(target, ast.Subscript):
            continue
        place = event.recv
        if place is None or place.name != "getitem" or len(place.args) < 2 or place.args[0].name not in _TABLES:
            continue
        key = place.args[1]
        parts = key.items if key.kind == "tuple" and key.items else [key]
        batches = event.loops and all(_of_batch(part) for part in parts) and _of_classes(event, parts)
        one = bool(event.args) and event.args[0].kind in ("const", "number")
        if not batches and not (one and len(parts) == 1 and repeats(parts[0])):
            continue
        yield p.report(
            "SB895",
            event,
            "counts are added at an index that repeats: samples of one class in a batch are counted once, not each"
            if batches
            else "counts are added at an index that repeats: a number that occurs several times is counted once",
            why="an index that occurs several times is read and written once, so the confusion matrix is too small",
            fix="Use index_put_(…, accumulate=True), index_add_(), bincount() or np.add.at()",
        )


def _of_batch(val: Val) -> bool:
    """Whether an index is certainly a vector with a number for each sample."""
    for _ in range(8):
        if val.name in _ONCE or val.kind not in ("tensor", "unknown") or val.shape == ():
            return False
        if val.name == "argmax":  # of one sample it is a number
            dim = val.number(1, "dim") if "axis" not in val.kwargs else val.kwargs["axis"].const
            return dim == 1 or bool(val.shape) or any(v.name == "batch" for v in lineage.path(val, 30))
        if val.name in ("batch", "part"):
            return True
        if val.name not in _SAME or not val.args:
            return False
        val = val.args[0]
    return False


def _of_classes(event: Event, parts: list[Val]) -> bool:
    """Whether one of the indices is a guess of the model or a target that a loader gave."""
    return any(step.name in ("argmax", "batch") for part in parts for step in lineage.path(part, 12))
