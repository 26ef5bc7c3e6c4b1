"""Samples are repeated before the split.

## What it does

Finds oversampling (repeated or synthetic samples) before the split.

## Why is this bad

Copies of one sample end up in training and test: the score is too good.

## Example

```python
from sklearn.model_selection import train_test_split
from imblearn.over_sampling import SMOTE
x2, y2 = SMOTE().fit_resample(x_all, y_all)
x_train, x_test = train_test_split(x2, random_state=0)
model(x_train)
```

## Use instead

```python
from sklearn.model_selection import train_test_split
from imblearn.over_sampling import SMOTE
x_train, x_test, y_train, y_test = train_test_split(x_all, y_all, random_state=0)
x_train, y_train = SMOTE().fit_resample(x_train, y_train)
model(x_train)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import leaks, lineage
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    inputs = [f.x for f in lineage.feeds(p)[0]]
    steps = [v for x in inputs for v in lineage.path(x)]
    keys = [k for v in steps if (k := lineage.row_key(v)) is not None]
    learned = {id(v) for v in steps} | {id(v) for k in keys for v in ancestors(k, limit=40)}
    for whole in d.split_data(p):
        for val in ancestors(whole, limit=150):
            copied = val.name in ("repeat_interleave", "fit_resample", "resample", "tile", "np_repeat") or (
                val.name == "repeat"
                and val.kind in ("tensor", "unknown")
                and len(val.args) > 1
                and val.args[1].const not in (1, None)
            )
            doubled = (
                val.name in ("cat", "concatenate", "vstack", "concat")
                and _below(val)
                and val.args
                and val.args[0].items
                and len({id(o) for i in val.args[0].items for o in d.loss_origins_base(i)}) < len(val.args[0].items)
            )
            doubled = (
                doubled
                or _with_own_rows(val)
                or (val.kind != "phi" and (_again(val) or _balanced(p, val) or _copies(p, val)))
            )
            if (copied or doubled) and id(val.node) not in seen and not d.is_split(val.args[0] if val.args else None):
                if copied and learned and id(val) not in learned:
                    continue  # labels that are spread over rows, not rows that are repeated
                if copied and any(val is v for v in steps) and not any(_whole_rows(x, val) for x in inputs):
                    continue  # one column, or one part of a sum: the rows differ in the rest
                if copied and _of_centres(val) and not any(val is v for x in inputs for v in lineage.certain(x)):
                    continue  # each class or group has its centre, and noise makes the samples
                if val.args and val.args[0].name in ("arange", "range", "tensor") and copied:
                    continue
                if val.name == "repeat" and whole.kind != "tensor":
                    continue
                seen.add(id(val.node))
                yield p.report(
                    "SB417",
                    leaks.asked(p, val, (whole,)),
                    "samples are repeated (oversampled) before the split: copies leak from training into test",
                    why="the same sample is then in both parts, so the score is too good",
                    fix="Split first, then oversample the training part only",
                )


_NOISE = frozenset(["randn", "randn_like", "np_randn", "np_normal", "normal", "rand_like", "uniform", "np_uniform"])


def _whole_rows(x: Val, val: Val, depth: int = 0) -> bool:
    """Whether the rows of ``x`` are those of ``val``, with noise at most: nothing else tells them apart."""
    for _ in range(120):
        if x is val:
            return True
        inner = [i for i in lineage.data_input(x) if i.kind not in ("const", "number") and not _noise(i)]
        if len(inner) != 1:
            held = any if x.kind == "phi" else all
            return depth < 6 and bool(inner) and held(_whole_rows(i, val, depth + 1) for i in inner)
        x = inner[0]
        if x.name in ("cat", "concatenate", "vstack", "concat") and x.args and _below(x):
            return depth < 6 and any(_whole_rows(i, val, depth + 1) for i in x.args[0].items or x.args[:1])
    return False


def _of_centres(val: Val) -> bool:
    """Whether what is repeated are a few rows that the program itself wrote down or drew."""
    base = val.args[0] if val.args else None
    if base is None or not base.shape:
        return False
    few = base.shape[0] is not None and base.shape[0] <= 32
    return few and (_noise(base) or base.name in ("tensor", "array", "eye", "np_eye", "arange"))


def _noise(val: Val) -> bool:
    """A draw for every number, maybe scaled."""
    if val.name in ("mul", "div") and val.args:
        return any(_noise(a) for a in val.args)
    return val.name in _NOISE


_INDICES = frozenset(["flatnonzero", "nonzero", "where", "argwhere", "np_where", "np_flatnonzero"])
_DRAWN = frozenset(["choice", "np_choice", "choices", "resample", "multinomial"])
_TIMES = frozenset(["repeat", "repeat_interleave", "tile", "np_repeat", "np_tile"])
_SAME = frozenset(
    ["tolist", "numpy", "to", "long", "cpu", "list", "tensor", "as_tensor", "from_numpy", "array", "astype"]
)


def _again(val: Val) -> bool:
    """Whether rows are picked by row numbers of which some certainly come more than once."""
    key = _plain(lineage.row_key(val))
    if key is None or not key.args:
        return False
    if key.name in ("cat", "concatenate", "concat", "hstack", "append", "np_append"):
        parts = [_plain(i) for i in (key.args[0].items or (key.args[:2] if key.name.endswith("append") else []))]
        all_rows = [i for i in parts if i is not None and _counts_all(i)]
        return bool(all_rows and len(parts) > len(all_rows)) or any(i is not None and _repeated(i) for i in parts)
    return key.name == "add" and key.kind == "list" and any(_repeated(a) for a in key.args)


def _below(val: Val) -> bool:
    """Whether tables are put below each other, not side by side."""
    axis = val.kwargs.get("dim", val.kwargs.get("axis", val.arg(1)))
    return axis is None or axis.kind != "const" or axis.const in (0, None)


def _balanced(p: Program, val: Val) -> bool:
    """Whether inputs and targets are picked by one draw with replacement, weighted by class."""
    key = _plain(lineage.row_key(val))
    if key is None or key.name not in ("multinomial", "choice", "np_choice", "choices"):
        return False
    again = key.kwargs.get("replacement", key.kwargs.get("replace", key.arg(2 if key.name == "multinomial" else 9)))
    weighted = key.name == "multinomial" or bool({"p", "weights"} & key.kwargs.keys())
    if not weighted or (again is not None and again.const is not True) or (again is None and key.name == "multinomial"):
        return False
    for feed in lineage.feeds(p)[0]:
        sides = [lineage.path(s) for s in (feed.x, feed.y) if s is not None]
        if len(sides) == 2 and all(any(_plain(lineage.row_key(v)) is key for v in side) for side in sides):
            return True
    return False


def _copies(p: Program, val: Val) -> bool:
    """Whether changed copies of all rows are put below the rows, with the same labels once more."""
    items = val.args[0].items if val.name in ("cat", "concatenate", "vstack", "concat") and val.args else None
    if not items or len(items) < 2 or not _below(val):
        return False
    first = items[0]
    ways = [lineage.certain(i) for i in items[1:]]
    if not any(any(v is first for v in way) and not any(lineage.row_key(v) for v in way[:9]) for way in ways):
        return False
    for feed in lineage.feeds(p)[0]:
        for step in lineage.path(feed.y) if feed.y is not None else ():
            again = step.args[0].items if step.name in ("cat", "concatenate") and step.args else None
            if step.name in ("repeat", "tile", "np_tile") or (again and len({id(i) for i in again}) < len(again)):
                return True
    return False


def _plain(key: Val | None) -> Val | None:
    """Row numbers before they were put in another order or container."""
    for _ in range(8):
        if key is None or not key.args:
            return key
        picked = lineage.row_key(key)
        if key.name in _SAME or (picked is not None and lineage.reorders(key)):
            key = key.args[0]
        elif key.name in ("permutation", "np_permutation") and len(key.args) > 1 and key.args[1].kind != "number":
            key = key.args[1]
        else:
            return key
    return key


def _counts_all(val: Val) -> bool:
    """``arange(len(table))``: every row once."""
    return (
        val.name in ("arange", "range", "np_arange")
        and len(val.args) == 1
        and val.args[0].name in ("len", "shape", "size")
    )


def _repeated(val: Val) -> bool:
    """Row numbers (of the rows of one class, say) that are drawn with replacement or written down several times."""
    sources = [a for a in val.args if any(v.name in _INDICES for v in lineage.path(a, 12))]
    if not sources:
        return False
    if val.name in _DRAWN:
        again = val.kwargs.get("replace", val.arg(2 if val.args[0] is sources[0] else 3))
        return again is None or again.const is True
    if val.name in _TIMES:
        return True
    key = lineage.row_key(val)
    return key is not None and any(v.name in ("randint", "np_randint", "integers") for v in lineage.path(key, 12))


def _with_own_rows(val: Val) -> bool:
    """``concat([table, table[mask]])``: a table (or its row numbers) and some of its own rows once more."""
    parts = val.args[0].items if val.name in ("cat", "concatenate", "vstack", "concat") and val.args else None
    if not parts:
        return False
    return any(
        one is not other
        and ((lineage.row_key(one) is not None and one.args and one.args[0] is other) or _drawn_from(one, other))
        for one in parts
        for other in parts
    )


def _drawn_from(rows: Val, others: Val) -> bool:
    """``choice(others, size=n)``: drawn with replacement, so that some come twice."""
    again = rows.kwargs.get("replace") or rows.arg(2 if rows.args and rows.args[0] is others else 3)
    drawn = rows.name in ("choice", "np_choice", "choices") and any(a is others for a in rows.args[:2])
    return drawn and (again is None or again.const is not False)
