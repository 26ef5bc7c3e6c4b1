"""Predicted class numbers are averaged as if they were quantities.

## What it does

Finds ensembles and repeated predictions whose ``argmax`` classes, of more than two, are averaged and compared with
labels.

## Why is this bad

Class numbers are names. The mean of class 0 and class 4 is class 2, which nobody predicted.

## Example

```python
models = [nn.Linear(8, 5) for _ in range(3)]
x, y = torch.randn(100, 8), torch.randint(0, 5, (100,))
votes = torch.stack([m(x).argmax(1) for m in models])
pred = votes.float().mean(0).round().long()
print((pred == y).float().mean().item())
```

## Use instead

```python
models = [nn.Linear(8, 5) for _ in range(3)]
x, y = torch.randn(100, 8), torch.randint(0, 5, (100,))
votes = torch.stack([m(x).softmax(1) for m in models])
pred = votes.mean(0).argmax(1)
print((pred == y).float().mean().item())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import measures
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_ROUNDED = frozenset(["round", "long", "int", "rint", "np_round", "astype", "numpy", "item", "median", "squeeze", "to"])
_SAME = frozenset(["float", "double", "stack", "cat", "array", "asarray", "numpy", "to", "cpu", "astype", "tensor"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for _, left, right in measures.equalities(p) if p.anywhere("argmax") else ():
        for guess in (left, right):
            mean = _mean(guess)
            if mean is None or id(mean.node) in seen or not mean.args or not _classes(mean.args[0]):
                continue
            seen.add(id(mean.node))
            yield p.report(
                "SB367",
                mean,
                "predicted class numbers (argmax) are averaged: the mean of two classes is a third one that nobody "
                "predicted",
                why="class ids are names, not quantities, so the votes of the ensemble are lost",
                fix="Average the probabilities and take argmax once, or take the majority (mode) of the votes",
            )


def _mean(val: Val) -> Val | None:
    """The mean under the rounding of a prediction."""
    rounded = False
    for _ in range(8):
        if val.name in ("mean", "np_mean") and val.kind == "tensor":
            return val if rounded else None
        if val.name not in _ROUNDED or not val.args:
            return None
        rounded, val = True, val.args[0]
    return None


def _classes(val: Val, depth: int = 0) -> bool:
    """Whether all that is averaged are classes of more than two."""
    if depth > 8:
        return False
    if val.kind in ("list", "tuple") and val.items:
        return all(_classes(i, depth + 1) for i in val.items)
    if val.name == "argmax" and val.args:
        scores = val.args[0]
        return scores.shape is not None and len(scores.shape) > 1 and (scores.shape[-1] or 0) > 2
    return val.name in _SAME and bool(val.args) and _classes(val.args[0], depth + 1)
