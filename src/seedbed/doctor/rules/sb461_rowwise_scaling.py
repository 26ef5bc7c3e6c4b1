"""A table is scaled along the wrong axis.

## What it does

Finds tables that are standardised by the mean and deviation of each row, or by one number for all columns.

## Why is this bad

Columns of a table have their own units. Statistics of a row mix them: the differences between samples get lost, and
large columns go on ruling over small ones.

## Example

```python
from sklearn.datasets import load_wine
x, y = load_wine(return_X_y=True)
x = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
out = model(torch.tensor(x))
```

## Use instead

```python
from sklearn.datasets import load_wine
x, y = load_wine(return_X_y=True)
x = (x - x.mean(axis=0)) / x.std(axis=0)
out = model(torch.tensor(x))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, scaling
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_MIXED = ("load_wine", "load_breast_cancer", "fetch_california_housing", "load_diabetes", "make_friedman1", "read_csv")

_TABLES = frozenset(n for name in _MIXED for n in (name, f"{name}_x", f"{name}_data"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in scaling.inputs(p):
        made = scaling.standardised(val)
        if made is None or id(val.node) in seen:
            continue
        axis, source = _axis(made[0]), scaling.statistic(made[0])[1]
        if source is None or axis == 0 or "pandas" in source.tags or not _table(source):
            continue
        if axis in (1, None) and (_mixed(source) or (axis == 1 and _features(p, source))):
            seen.add(id(val.node))
            how = "of each row (axis=1)" if axis == 1 else "of all numbers together (no axis)"
            yield p.report(
                "SB461",
                val,
                f"the table is normalised along the wrong axis: by the mean and deviation {how}",
                why="the columns have different units and scales; each needs its own mean and std",
                fix="Take the statistics over the samples: x.mean(axis=0), x.std(axis=0)",
            )


def _axis(stat: Val) -> object:
    """The axis of a statistic: a number, ``None`` for all, ``"?"`` when unknown."""
    for _ in range(6):
        if stat.name in ("mean", "min", "nanmean", "std_mean", "var_mean"):
            break
        if not stat.args:
            return "?"
        stat = stat.args[0]
    else:
        return "?"
    given = stat.kwargs.get("axis", stat.kwargs.get("dim", stat.args[1] if len(stat.args) > 1 else None))
    if given is None:
        return None
    if given.kind != "const":
        return "?"
    return 1 if given.const == -1 else given.const


def _table(source: Val) -> bool:
    """Whether data is certainly a table: two axes, not many columns."""
    ends = [v for v in lineage.path(source) if not lineage.data_input(v)]
    if any(v.name == "getitem" and isinstance(v.args[-1].const, str) for v in lineage.path(source)):
        return False  # one column of a table: windows of a series have one unit
    if any(v.name == "part" and v.place == 1 for v in lineage.path(source)):
        return False  # the targets that were loaded with the table
    if any(v.name.endswith("target") for v in lineage.path(source)):
        return False
    if any(v.name in _TABLES for v in ends):
        return True
    shape = source.shape
    return shape is not None and len(shape) == 2 and isinstance(shape[1], int) and shape[1] <= 50


def _features(p: Program, source: Val) -> bool:
    """Whether single columns of the table mean something of their own: the targets are worked out from one of them."""
    ends = lineage.roots(source)
    targets = [f.y for part in lineage.feeds(p) for f in part if f.y is not None]
    return any(
        v.name == "getitem"
        and len(v.args) > 1
        and v.args[1].kind == "tuple"
        and len(v.args[1].items or ()) == 2
        and isinstance((v.args[1].items or [v])[1].const, int)
        and lineage.roots(v.args[0]) & ends
        for y in targets
        for v in ancestors(y, limit=300)
    )


def _mixed(source: Val) -> bool:
    """Whether the columns are known to have different scales."""
    ends = [v for v in lineage.path(source) if not lineage.data_input(v)]
    if any(v.name in _TABLES for v in ends):
        return True
    return any(
        v.name == "mul" and any(a.kind == "list" or (a.args and a.args[0].kind == "list") for a in v.args)
        for v in lineage.path(source)
    )
