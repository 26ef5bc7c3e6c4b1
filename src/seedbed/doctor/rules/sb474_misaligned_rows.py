"""Rows are removed from inputs or targets only.

## What it does

Finds rows that are taken out of one table (``dropna``, ``drop_duplicates``, a mask) while the other one is only cut to
the same length, and columns that are put side by side although rows are missing in one of them.

## Why is this bad

From the first removed row on, every input stands beside the target of another row. The lengths fit, so nothing fails.

## Example

```python
df = pd.read_csv("houses.csv")
y = df["price"].values
x = df.drop(columns=["price"]).dropna().values
x, y = torch.tensor(x).float(), torch.tensor(y[:len(x)]).float()
for epoch in range(10):
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
df = pd.read_csv("houses.csv").dropna()
y = df["price"].values
x = df.drop(columns=["price"]).values
x, y = torch.tensor(x).float(), torch.tensor(y).float()
for epoch in range(10):
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, removals
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_FIX = "Remove the rows from the whole table first, then take inputs and targets from it (or use one mask for both)"
_SIDE = frozenset(["concat", "hstack", "column_stack", "concatenate", "cat", "np_hstack"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    pairs = [(f.x, f.y, f.event) for part in lineage.feeds(p) for f in part if f.y is not None]
    pairs += [(e.args[0], e.args[-1], e) for e in p.calls("TensorDataset") if len(e.args) >= 2]
    for x, y, event in pairs:
        for one, other, what in ((x, y, "inputs"), (y, x, "targets")):
            step = _only_here(one, other)
            if step is None or id(step.node) in seen:
                continue
            seen.add(id(step.node))
            yield p.report(
                "SB474",
                step,
                f"rows are removed from the {what} only ({_how(step)}), the others are just cut to that length: "
                "inputs and labels are misaligned",
                why="after the first removed row every label belongs to another row (a mismatch of rows)",
                fix=_FIX,
                related=((str(event.src.path), event.line, "they meet here"),),
            )
        yield from _by_value(p, y, event, seen)
        yield from _masked(p, x, y, event, seen)
        yield from _merged(p, x, y, event, seen)
    yield from _side_by_side(p, seen)


def _only_here(one: Val, other: Val) -> Val | None:
    """The step that removes rows of one side, where the other side is cut to fit and has all its rows."""
    mine, theirs = removals.removals(one), removals.removals(other)
    if removals.cut_to_fit(other) is None or any(not _same(k, s, mine) for k, s in theirs.items()):
        return None
    own = [s for k, s in mine.items() if not _same(k, s, theirs)]
    return own[-1] if own else None


def _masked(p: Program, x: Val, y: Val, event: Event, seen: set[int]) -> Iterator[Finding]:
    """``x = x[ok]`` by a mask, after ``y`` was worked out row by row from all of ``x``."""
    mine, theirs = removals.removals(x), removals.removals(y)
    own = [s for k, s in mine.items() if lineage.row_key(s) is not None and not _same(k, s, theirs)]
    if theirs or len(own) != 1 or id(own[0].node) in seen or not own[0].args:
        return
    whole = own[0].args[0]
    behind = lineage.path(y)
    if y is x or any(v is own[0] for v in behind) or not any(v is whole for v in behind):
        return
    rows = [v for v in lineage.certain(y) if v is whole or lineage.row_key(v) is not None]
    cuts = [lineage.row_key(v) for v in rows if v is not whole]
    if any(k is not None and k.kind != "slice" for k in cuts):
        return  # chosen by an index of its own
    seen.add(id(own[0].node))
    yield p.report(
        "SB474",
        own[0],
        "rows are removed from the inputs only (by a mask), the targets keep all of theirs: inputs and labels are "
        "misaligned",
        why="after the first removed row every label belongs to another row (a mismatch of rows)",
        fix=_FIX,
        related=((str(event.src.path), event.line, "they meet here"),),
    )


def _merged(p: Program, x: Val, y: Val, event: Event, seen: set[int]) -> Iterator[Finding]:
    """Inputs from ``a.merge(b)`` with labels from ``b`` itself, whose rows stand in another order."""
    merge = next((v for v in lineage.certain(x) if v.name == "merge" and len(v.args) > 1), None)
    if merge is None or id(merge.node) in seen:
        return
    right = merge.args[1]
    how = merge.kwargs.get("how")
    steps = lineage.certain(y)
    if (how is not None and how.const == "right") or any(v is merge for v in steps):
        return
    if not any(v is right for v in steps) or lineage.same_rows(merge.args[0], right):
        return
    seen.add(id(merge.node))
    yield p.report(
        "SB474",
        merge,
        "the inputs come from merge(), the labels from its right table itself: their rows stand in different orders",
        why="merge() keeps the order of the left table, so every label belongs to another row (misaligned)",
        fix="Take inputs and labels from the merged table",
        related=((str(event.src.path), event.line, "they meet here"),),
    )


def _same(key: object, step: Val, others: dict[object, Val]) -> bool:
    """Whether the other side lost the same rows: by the same step, or the same words."""
    return key in others or any(s.node is step.node for s in others.values())


def _how(step: Val) -> str:
    key = lineage.row_key(step)
    return f"{step.name}()" if key is None else "by a mask"


def _by_value(p: Program, y: Val, event: Event, seen: set[int]) -> Iterator[Finding]:
    """Targets that are the different values of a column: one for each value, not one for each row or group."""
    for step in lineage.certain(y):
        if step.name == "unique" and step.kind == "tensor" and "pandas" in step.tags and id(step.node) not in seen:
            seen.add(id(step.node))
            yield p.report(
                "SB474",
                step,
                "the labels are the unique() values of a column: they belong to no row, labels are misaligned",
                why="unique() gives every value once, in the order in which it appears first",
                fix="Take the label of each row or group: [g['label'].iloc[0] for _, g in df.groupby(key)]",
                related=((str(event.src.path), event.line, "they are compared here"),),
            )


def _side_by_side(p: Program, seen: set[int]) -> Iterator[Finding]:
    """``pd.concat([a, b], axis=1)`` after rows were removed from ``a`` only and numbered anew."""
    for event in p.calls(*_SIDE):
        name = event.name.rsplit(".", 1)[-1]
        if name not in _SIDE or not event.args or not event.args[0].items or id(event.node) in seen:
            continue
        axis = event.arg(1, "axis") or event.kwargs.get("dim")
        if name != "column_stack" and name != "hstack" and (axis is None or axis.const not in (1, "columns")):
            continue
        parts = list(event.args[0].items)
        lost = [removals.removals(v) for v in parts]
        for part, mine in zip(parts, lost, strict=True):
            step = next((s for k, s in mine.items() if not all(_same(k, s, o) for o in lost)), None)
            if step is None or (name == "concat" and not _renumbered(part)):
                continue
            if not all(lineage.same_rows(part, v) for v in parts):
                continue
            seen.add(id(event.node))
            yield p.report(
                "SB474",
                step,
                f"rows are removed from some columns only ({_how(step)}) before {name}() puts them side by side: "
                "the rows are misaligned",
                why="the rows are numbered anew, so columns of different samples stand in one row",
                fix=_FIX,
                related=((str(event.src.path), event.line, "they are put together here"),),
            )
            break


def _renumbered(val: Val) -> bool:
    return any(v.name in ("reset_index", "values", "to_numpy") for v in lineage.certain(val))
