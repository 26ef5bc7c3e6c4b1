"""Positions in a list of indices are used as if they were the indices.

## What it does

Finds samplers and subsets that get `range(len(indices))` instead of `indices`, and positions from `topk`, `argsort`
or `argmax` over a part of the rows (`x[pool]`) that are used as indices of the whole.

## Why is this bad

Every part then begins at row 0 of the data: training and validation share samples, and the split is void. A position
in a pool names another sample of the whole: active learning labels samples that nobody chose.

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
from seedbed.doctor.static import lineage, positions
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
    yield from _unmapped(p)


def _unmapped(p: Program) -> Iterator[Finding]:
    """Positions in a pool that are used as indices of all rows."""
    counts = positions.counted(p)
    if not counts:
        return
    rows, seen = positions.picks(p), set[int]()
    for one in counts:
        event = None if id(one.val.node) in seen else _used(p, one, rows)
        if event is None:
            continue
        seen.add(id(one.val.node))
        key = one.key.var or "the chosen rows"
        yield p.report(
            "SB468",
            _place(one.val, event),
            f"these are positions within {key}, but they are used as indices of all rows without mapping them back",
            why="position 3 of the pool is another sample than row 3 of the data: wrong samples are chosen or labelled",
            fix=f"Map them first: {one.key.var or 'indices'}[positions]",
            related=((str(event.src.path), event.line, "used here"),),
        )


def _place(val: Val, event: Event) -> Val | Event:
    """The use, where it stands in the function that counts; else the counting."""
    body = event.funcs[-1].node if event.funcs else None
    low, high = getattr(body, "lineno", 0), getattr(body, "end_lineno", 1 << 30)
    near = val.src is event.src and low <= val.line <= event.line <= high
    return event if near and event.line - val.line <= 12 and event.kind == "call" else val


def _used(p: Program, one: positions.Counted, rows: list[positions.Pick]) -> Event | None:
    """Where positions are taken for indices of the table that the part was cut from."""
    mine = one.val
    for row in rows:
        if any(v.node is mine.node for v in positions.carried(row.key)) and positions.same_table(
            row.base, one.base, rows
        ):
            return row.event
    for held, given, event in positions.grown(p):
        if any(v.node is mine.node for v in positions.carried(given)) and _indexes(held, one, rows):
            return event
    for event in p.calls("isin", "in1d", "setdiff1d", "cat", "concatenate", "hstack", "union1d"):
        parts = event.args[0].items if event.args and event.args[0].items else list(event.args[:2])
        mixed = [v for v in parts or [] if any(c.node is mine.node for c in positions.carried(v))]
        others = [v for v in parts or [] if not any(v is m for m in mixed)]
        if mixed and any(positions.cut_alike(v, one.key) or _indexes(v, one, rows) for v in others):
            return event
    return None


def _indexes(held: Val, one: positions.Counted, rows: list[positions.Pick]) -> bool:
    """Whether a list of indices is used for the rows of the same table."""
    for row in rows:
        if any(o is h for o in row.key.options() for h in held.options()) and positions.same_table(
            row.base, one.base, rows
        ):
            return True
    return False


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
