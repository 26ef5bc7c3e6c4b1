"""Positions in a list of indices are used as if they were the indices.

## What it does

Finds samplers and subsets that get `range(len(indices))` instead of `indices`.

## Why is this bad

Every part then begins at row 0 of the data: training and validation share samples, and the split is void.

## Example

```python
from torch.utils.data import DataLoader, SubsetRandomSampler
order = torch.randperm(len(dataset))
train_idx, val_idx = order[:800], order[800:]
train_loader = DataLoader(dataset, sampler=SubsetRandomSampler(range(len(train_idx))))
val_loader = DataLoader(dataset, sampler=SubsetRandomSampler(range(len(val_idx))))
```

## Use instead

```python
from torch.utils.data import DataLoader, SubsetRandomSampler
order = torch.randperm(len(dataset))
train_idx, val_idx = order[:800], order[800:]
train_loader = DataLoader(dataset, sampler=SubsetRandomSampler(train_idx))
val_loader = DataLoader(dataset, sampler=SubsetRandomSampler(val_idx))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_ORDERS = frozenset(["randperm", "np_permutation", "permutation", "arange", "range", "shuffle"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls("Subset", "DataLoader"):
        data, index = _picked(event)
        if data is None or index is None or any(v.name in ("Subset", "random_split") for v in data.options()):
            continue
        counted = _counted(index)
        if counted is not None:
            yield p.report(
                "SB468",
                event,
                f"range(len({counted.var or 'indices'})) gives positions, not the indices themselves",
                why="every such part starts at the first row of the data set: training and validation overlap (leak)",
                fix=f"Pass the indices: {counted.var or 'indices'}",
            )


def _picked(event: Event) -> tuple[Val | None, Val | None]:
    last = event.name.rsplit(".", 1)[-1]
    if last == "Subset" and len(event.args) > 1:
        return event.args[0], event.args[1]
    sampler = event.kwargs.get("sampler") if last == "DataLoader" else None
    if sampler is not None and sampler.name == "SubsetRandomSampler" and sampler.args and event.args:
        return event.args[0], sampler.args[0]
    return None, None


def _counted(index: Val) -> Val | None:
    """The indices that are only counted in ``range(len(indices))``."""
    for one in ancestors(index, limit=6):
        if one.name != "range" or len(one.args) != 1 or one.args[0].name not in ("len", "shape", "size"):
            continue
        inner = one.args[0].args[0] if one.args[0].args else None
        if inner is None:
            continue
        cut = lineage.row_key(inner) is not None or inner.name == "train_test_split"
        ordered = any(v.name in _ORDERS for v in ancestors(inner, limit=12))
        named = bool({"idx", "index", "indices", "indexes", "inds", "ids"} & set(words(inner.var)))
        if cut and (ordered or named):
            return inner
    return None
