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
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_OTHER = ("reshape", "T", "transpose", "comprehension", "batch")
_SORTED = frozenset(["load_iris_x", "load_wine_x", "load_iris_y", "load_wine_y", "load_iris", "load_wine"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    learned, measured = lineage.feeds(p)
    if not learned and p.trains:
        yield from _plain_cuts(p)
    for one in learned:
        for two in measured:
            if one.y is None or two.y is None or not _blocks(one.y) or not _blocks(two.y):
                continue
            cuts = _by_place(p, one.y)
            if cuts is None or _by_place(p, two.y) is None or _mixed(p, one.y) or _mixed(p, two.y):
                continue
            yield _say(p, cuts)
            return


def _say(p: Program, at: Event | Val) -> Finding:
    return p.report(
        "SB451",
        at,
        "the data is sorted by class and split by position, not shuffled: the parts hold different classes",
        why="the last rows are of the last class only, so the test asks for what the training hardly saw",
        fix="Shuffle before the cut, or use train_test_split(..., stratify=y)",
    )


def _plain_cuts(p: Program) -> Iterator[Finding]:
    """The same without a model to follow: a head and a tail of rows in order, which pick sorted targets."""
    mixed = orders.shuffled_in_place(p)
    heads: dict[int, Event] = {}
    tails: set[int] = set()
    for event in p.once("getitem"):
        key, base = event.args[0] if event.args else None, event.recv
        if key is None or base is None or key.kind != "slice" or event.loops or id(base) in mixed:
            continue
        if key.args[0].is_none and not key.args[1].is_none:
            heads.setdefault(id(base), event)
        elif not key.args[0].is_none and key.args[1].is_none:
            tails.add(id(base))
    for base_id, head in heads.items():
        base = head.recv
        if base_id not in tails or base is None:
            continue
        if orders.orders(p, base):
            continue
        if _blocks(base) or (base.name in ("arange", "range", "list") and _picks_sorted(p, base)):
            yield _say(p, head)
            return


def _picks_sorted(p: Program, base: Val) -> bool:
    """Whether sorted targets are indexed with parts of these row numbers."""
    return any(
        event.recv is not None
        and event.args
        and any(v is base for v in ancestors(event.args[0], limit=30))
        and _blocks(event.recv)
        for event in p.all("getitem")
    )


def _mixed(p: Program, y: Val) -> bool:
    """Whether rows were put in a random order before they were cut."""
    found = orders.orders(p, y)
    return any(id(s.node) not in lineage.stepping(p) for k, s in found.items() if k[0] != "loader")


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
        elif step.name == "batch" and (part := _positions(step)) is not None:
            found = part
        elif (key is not None and not lineage.is_batch(p, step)) or step.name in _OTHER:
            return None
    return found


def _positions(step: Val) -> Val | None:
    """The part of a data set that a batch comes from, when it is a range of places."""
    data = step.args[1].args[0] if len(step.args) > 1 and step.args[1].args else None
    index = data.arg(1, "indices") if data is not None and data.name == "Subset" else None
    ranged = index is not None and any(v.name == "range" for v in ancestors(index, limit=4))
    return data if ranged else None


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
