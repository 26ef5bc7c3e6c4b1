"""Data that is sorted by class is cut without shuffling.

## What it does

Finds data in blocks of classes (also the sorted tables of scikit-learn) that is split by position.

## Why is this bad

The last part then holds classes that the first part never shows, or only one class.

## Example

```python
from sklearn.datasets import load_iris
x, y = load_iris(return_X_y=True)
x, y = torch.tensor(x).float(), torch.tensor(y)
model, optimizer = nn.Linear(4, 3), None
for epoch in range(9):
    F.cross_entropy(model(x[:120]), y[:120]).backward()
with torch.no_grad():
    print((model(x[120:]).argmax(1) == y[120:]).float().mean())
```

## Use instead

```python
from sklearn.datasets import load_iris
x, y = load_iris(return_X_y=True)
order = torch.randperm(150)
x, y = torch.tensor(x).float()[order], torch.tensor(y)[order]
model, optimizer = nn.Linear(4, 3), None
for epoch in range(9):
    F.cross_entropy(model(x[:120]), y[:120]).backward()
with torch.no_grad():
    print((model(x[120:]).argmax(1) == y[120:]).float().mean())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, orders
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_OTHER = ("reshape", "T", "transpose", "comprehension", "batch")
_SORTED = frozenset(["load_iris_x", "load_wine_x", "load_iris_y", "load_wine_y", "load_iris", "load_wine"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    learned, measured = lineage.feeds(p)
    for one in learned:
        for two in measured:
            if one.y is None or two.y is None or not _blocks(one.y) or not _blocks(two.y):
                continue
            cuts = _by_place(p, one.y)
            if cuts is None or _by_place(p, two.y) is None or _mixed(p, one.y) or _mixed(p, two.y):
                continue
            yield p.report(
                "SB451",
                cuts,
                "the data is sorted by class and split by position, not shuffled: the parts hold different classes",
                why="the last rows are of the last class only, so the test asks for what the training hardly saw",
                fix="Shuffle before the cut, or use train_test_split(..., stratify=y)",
            )
            return


def _mixed(p: Program, y: Val) -> bool:
    """Whether rows were put in a random order before they were cut."""
    return any(id(step.node) not in lineage.stepping(p) for step in orders.orders(p, y).values())


def _by_place(p: Program, y: Val) -> Val | None:
    """The first cut of ``y``, when all its cuts are slices or unshuffled splits."""
    found: Val | None = None
    for step in lineage.certain(y):
        key = lineage.row_key(step)
        if step.name == "train_test_split":
            flag = step.kwargs.get("shuffle")
            if flag is None or flag.const is not False:
                return None
            found = step
        elif key is not None and key.kind == "slice" and key.args[2].is_none and not lineage.is_batch(p, step):
            found = step
        elif (key is not None and not lineage.is_batch(p, step)) or step.name in _OTHER:
            return None
    return found


def _blocks(y: Val) -> bool:
    """Whether targets come in blocks of equal classes."""
    for step in lineage.path(y):
        if step.name in _SORTED:
            return True
        if step.name in ("repeat_interleave", "np_repeat") and step.args and step.args[0].name in ("arange", "range"):
            return True
        if step.name in ("cat", "concatenate", "hstack") and step.args and step.args[0].items:
            parts = step.args[0].items
            if len(parts) > 1 and all(_constant(i) for i in parts):
                return True
    return False


def _constant(part: Val) -> bool:
    while part.name in ("long", "float", "astype", "to", "int", "view", "reshape") and part.args:
        part = part.args[0]
    return part.name in ("zeros", "ones", "full") and part.kind == "tensor"
