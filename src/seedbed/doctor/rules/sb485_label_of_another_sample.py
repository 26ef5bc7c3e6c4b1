"""The label is taken from another, random sample.

## What it does

Finds samples whose input is row `i` while their label is a row drawn at random.

## Why is this bad

Input and label belong to different samples, so there is nothing to learn.

## Example

```python
import random
from torch.utils.data import DataLoader, Dataset
class Rows(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        j = random.randint(0, len(self.y) - 1)
        return self.x[i], self.y[j]
for a, b in DataLoader(Rows(x, y), batch_size=8, shuffle=True):
    optimizer.zero_grad()
    F.cross_entropy(model(a), b).backward()
    optimizer.step()
```

## Use instead

```python
import random
from torch.utils.data import DataLoader, Dataset
class Rows(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        j = random.randint(0, len(self.y) - 1)
        return self.x[j], self.y[j]
for a, b in DataLoader(Rows(x, y), batch_size=8, shuffle=True):
    optimizer.zero_grad()
    F.cross_entropy(model(a), b).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_DRAWS = frozenset(["randint", "np_randint", "choice", "randrange", "np_choice", "integers", "random", "uniform"])

Row = tuple[Val, Val, set[str]]  # the step that takes a row, its key, and how the key was made


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for feed in lineage.feeds(p)[0]:
        if feed.y is None:
            continue
        own, other = _row(feed.x), _row(feed.y)
        strided = _strided(feed)
        if strided is not None and id(strided.node) not in told:
            told.add(id(strided.node))
            yield _finding(p, strided, "the window begins at i times the stride, the label is row i")
        if own is None or other is None or id(other[0].node) in told:
            continue
        if own[0].args[0] is other[0].args[0]:
            continue  # two rows of one table: a pair, not an input and its label
        if _selected(own, other) or _selected(other, own):
            told.add(id(other[0].node))
            yield _finding(p, other[0], "one is taken at the index itself, the other where the list of rows points to")
            continue
        here, there = _drawn(own[1]), _drawn(other[1])
        if bool(here) == bool(there) or (here and there) or not ("index" in own[2] or "index" in other[2]):
            continue
        told.add(id(other[0].node))
        yield _finding(p, other[0], "one is taken at the index, the other at a random place")


def _finding(p: Program, at: Val, how: str) -> Finding:
    return p.report(
        "SB485",
        at,
        f"input and label come from different samples: {how}",
        why="the label belongs to another sample (labels mismatched, misaligned rows), so the model can only learn "
        "chance",
        fix="Use one index for both",
    )


def _strided(feed: lineage.Feed) -> Val | None:
    """The label ``y[i]`` of a window ``s[i * n : ...]``, where both tables have one row for each time."""
    goal = lineage.certain(feed.y) if feed.y is not None else []
    window = next((v for v in lineage.certain(feed.x) if v.name == "getitem" and len(v.args) > 1), None)
    label = next((v for v in goal if v.name == "getitem" and len(v.args) > 1), None)
    if window is None or label is None or window.args[1].kind != "slice" or label.args[1].kind != "number":
        return None
    low, index = window.args[1].args[0], label.args[1]
    step = (
        next((a.const for a in low.args if a is not index), None) if low.name == "mul" and index in low.args else None
    )
    rows = [t.shape[0] if t.shape else None for t in (window.args[0], label.args[0])]
    alike = isinstance(rows[0], int) and rows[0] == rows[1]
    return label if alike and isinstance(step, int) and step > 1 and window.args[0] is not label.args[0] else None


def _selected(one: Row, other: Row) -> bool:
    """Whether one row is read at ``rows[i]`` and the other at ``i``, from tables with the same rows."""
    key = one[1]
    while key.name in ("int_builtin", "item", "tolist", "long") and key.args:
        key = key.args[0]
    if key.name not in ("getitem", "element") or len(key.args) < 2 or key.args[1] is not other[1]:
        return False
    if other[1].kind != "number" or key.args[0].kind not in ("tensor", "list", "unknown", "method", "iter"):
        return False
    left, right = one[0].args[0], other[0].args[0]
    if any(lineage.row_key(v) is not None for table in (left, right) for v in lineage.path(table)):
        return False  # one of them was cut down before
    if left.shape and right.shape and isinstance(left.shape[0], int) and isinstance(right.shape[0], int):
        return left.shape[0] == right.shape[0]
    return lineage.same_rows(left, right)


def _row(val: Val) -> Row | None:
    """The step that takes one row of a table, its key, and what the key is made of."""
    for step in lineage.certain(val):
        if step.name == "forward":
            return None
        loud = _loud(step)
        if loud is not None:
            return _row(loud)
        if step.name == "getitem" and len(step.args) > 1 and step.args[1].kind in ("number", "tensor", "unknown"):
            parts = list(ancestors(step.args[1], limit=30))
            return step, step.args[1], {t for v in parts for t in v.tags}
    return None


def _loud(step: Val) -> Val | None:
    """Of ``a + 0.2 * b`` the part that is not turned down, whose label the sum has."""
    if step.name != "add" or len(step.args) != 2:
        return None
    soft = [a for a in step.args if a.name == "mul" and any(_small(f) for f in a.args)]
    loud = [a for a in step.args if a not in soft]
    return loud[0] if len(loud) == 1 and loud[0].name == "getitem" else None


def _small(factor: Val) -> bool:
    return isinstance(factor.const, float) and abs(factor.const) < 0.5


def _drawn(key: Val) -> bool:
    return any(v.name in _DRAWS for v in ancestors(key, limit=30))
