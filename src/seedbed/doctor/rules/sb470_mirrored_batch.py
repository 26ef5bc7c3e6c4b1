"""A batch is flipped or rolled along the batch axis: inputs lose their labels.

## What it does

Finds `flip`, `roll`, `rot90` and `np.flip` that move whole samples of a batch, while the labels stay where they are.

## Why is this bad

Dimension 0 of a batch counts the samples: the inputs change places and get the labels of other samples.

## Example

```python
from torch.utils.data import DataLoader
for x, y in DataLoader(dataset, batch_size=8, shuffle=True):
    x = torch.flip(x, dims=[0])
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
from torch.utils.data import DataLoader
for x, y in DataLoader(dataset, batch_size=8, shuffle=True):
    x = torch.flip(x, dims=[3])
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_MOVES = {"flip": 1, "roll": 2, "rot90": 2, "np_flip": 1, "flipud": 9}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for feed in lineage.feeds(p)[0]:
        behind = {id(v) for v in ancestors(feed.y, limit=800)} if feed.y is not None else set()
        own = _picked(p, feed)
        if feed.y is None or not (own or any(_of_batch(v) for v in ancestors(feed.y, limit=200))):
            continue
        for step in lineage.path(feed.x, 60):
            if step.name not in _MOVES or id(step) in behind or id(step.node) in told or not step.args:
                continue
            if (
                not (_of_batch(step.args[0]) or _in_rows(step.args[0], own))
                or not _first_axis(step)
                or _of_pictures(step)
            ):
                continue
            if any(v.name in _MOVES and v.line and abs(v.line - step.line) <= 3 for v in lineage.path(feed.y, 30)):
                continue
            told.add(id(step.node))
            yield p.report(
                "SB470",
                step,
                f"{step.name} moves the samples along the batch axis (dim 0), but not their labels",
                why="dimension 0 of a batch counts the samples, so every input gets the label of another sample "
                "(labels mismatched), and no image is mirrored",
                fix="Flip along the width, the last dimension: torch.flip(x, dims=[-1])",
            )


def _of_batch(val: Val) -> bool:
    return any(v.name == "batch" and len(v.args) > 1 and v.args[1].kind == "loader" for v in lineage.path(val, 30))


def _picked(p: Program, feed: lineage.Feed) -> set[int]:
    """Ids of the batches that are picked by hand, by the very rows that the targets are picked by: ``x[rows]``."""
    if feed.y is None:
        return set()
    keys = {id(k) for v in lineage.path(feed.y, 30) if (k := lineage.row_key(v)) is not None and _many(k)}
    steps = [v for v in lineage.path(feed.x, 60) if lineage.is_batch(p, v)]
    return {id(v) for v in steps if (k := lineage.row_key(v)) is not None and id(k) in keys}


def _many(key: Val) -> bool:
    """Whether a key certainly picks several rows, and not one."""
    return key.kind == "tensor" and key.shape is not None and len(key.shape) == 1


def _in_rows(val: Val, picked: set[int]) -> bool:
    """Whether the first axis of a value still counts the samples of a batch that was picked by hand."""
    for step in lineage.certain(val) if picked else ():
        if id(step) in picked:
            return True
        if step.name not in _KEEPS:
            return False
    return False


_KEEPS = frozenset(["mul", "add", "sub", "div", "float", "to", "clone", "contiguous", "unsqueeze_", "clamp", "phi"])


def _of_pictures(step: Val) -> bool:
    """Whether a function for single pictures does it: ``cv2.flip(image, 0)`` turns one upside down."""
    return isinstance(step.node, ast.Call) and syntax.text(step.node.func).startswith("cv2.")


def _first_axis(step: Val) -> bool:
    """Whether the axis is 0."""
    if step.name == "flipud":
        return True
    given = next((step.kwargs[k] for k in ("dims", "dim", "axis") if k in step.kwargs), None)
    given = given if given is not None else step.arg(_MOVES[step.name])
    if given is None:
        return False
    dims = [i.const for i in given.items] if given.items else [given.const]
    return 0 in dims
