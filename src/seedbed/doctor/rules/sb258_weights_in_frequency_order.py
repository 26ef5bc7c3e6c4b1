"""Class weights come from `value_counts()` in order of frequency, not of classes.

## What it does

Finds class weights that are made from the values of `value_counts()` (or of `Counter`) without sorting by class.

## Why is this bad

`value_counts()` sorts by frequency: its first number belongs to the most frequent class, not to class 0. The
weights are given to the wrong classes, and nothing raises.

## Example

```python
import pandas as pd

table = pd.read_csv("train.csv")
counts = table["label"].value_counts().values
loss_fn = nn.CrossEntropyLoss(weight=torch.tensor(1.0 / counts, dtype=torch.float32))
```

## Use instead

```python
import pandas as pd

table = pd.read_csv("train.csv")
counts = table["label"].value_counts().sort_index().values
loss_fn = nn.CrossEntropyLoss(weight=torch.tensor(1.0 / counts, dtype=torch.float32))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_LOSSES = ("CrossEntropyLoss", "NLLLoss", "cross_entropy", "nll_loss")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls(*_LOSSES):
        weight = f.class_weight(event.name, event.args, event.kwargs)
        if event.name.rsplit(".", 1)[-1] not in _LOSSES or weight is None:
            continue
        found = _unsorted(weight)
        if found is not None:
            yield p.report(
                "SB258",
                found,
                f"the class weights are in order of {_order(found)}, not of the class indices",
                why="the first weight belongs to the class that comes first there, but the loss gives it to class 0",
                fix="Sort by class first: value_counts().sort_index(), or use torch.bincount(labels)",
                related=((str(event.src.path), event.line, "the loss"),),
            )


def _unsorted(val: Val) -> Val | None:
    found: Val | None = None
    for one in _above_counts(val):
        if one.name in (
            "sort_index",
            "sorted",
            "reindex",
            "loc",
            "get",
            "sort",
            "argsort",
            "bincount",
            "range",
            "arange",
        ):
            return None
        if one.name in ("value_counts", "most_common"):
            if any(getattr(one.kwargs.get("sort"), "const", True) is False for _ in (0,)):
                return None
            found = one
        if one.kind == "iter" and one.name in ("values", "items") and one.args and _tally(one.args[0]):
            found = one
        if (
            one.name == "getitem"
            and len(one.args) > 1
            and any(v.name in ("value_counts", "Counter") for v in ancestors(one.args[0], limit=20))
        ):
            return None
    return found


def _above_counts(val: Val) -> Iterator[Val]:
    """What weights are made of, down to the counting: in which order the labels stood before says nothing."""
    stack, seen = [val], set[int]()
    while stack and len(seen) < 200:
        one = stack.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            stack.extend(() if one.name in ("Counter", "value_counts") else one.inputs())


def _order(found: Val) -> str:
    """What the counts are ordered by."""
    if found.name in ("values", "items"):
        return f"first appearance (insertion order of Counter.{found.name}())"
    return f"frequency ({found.name})"


def _tally(table: Val) -> bool:
    """Whether a table counts labels as they come: its entries are in order of their first appearance."""
    filled = table.kind == "dict" and set(table.attrs) == {"*"} and table.name != "comprehension"
    return table.name == "Counter" or filled
