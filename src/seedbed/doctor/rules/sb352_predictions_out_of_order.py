"""Predictions are made in shuffled order and stored beside rows in the stored order.

## What it does

Finds a prediction loop over a loader with `shuffle=True` whose outputs alone are collected and then put beside the
rows, ids or names of the data.

## Why is this bad

Every prediction stands beside another row than the one that it was made for.

## Example

```python
import pandas as pd
from torch.utils.data import DataLoader, TensorDataset
loader = DataLoader(TensorDataset(x_test), batch_size=32, shuffle=True)
preds = []
with torch.no_grad():
    for (xb,) in loader:
        preds.extend(model(xb).argmax(1).tolist())
pd.DataFrame({"id": ids, "label": preds}).to_csv("submission.csv")
```

## Use instead

```python
import pandas as pd
from torch.utils.data import DataLoader, TensorDataset
loader = DataLoader(TensorDataset(x_test), batch_size=32)
preds = []
with torch.no_grad():
    for (xb,) in loader:
        preds.extend(model(xb).argmax(1).tolist())
pd.DataFrame({"id": ids, "label": preds}).to_csv("submission.csv")
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas, rounds
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for mixed in _gathered(p):
        if id(mixed) not in told:
            told.add(id(mixed))
            yield _finding(p, mixed)
    learned = {id(x.node) for b in p.all("backward") for x in b.loops}
    for event in p.all("keep", "augment"):
        if (event.recv is None and event.kind == "keep") or _tallied(event):
            continue
        loop = next((x for x in reversed(event.loops) if rounds.is_loader_loop(x)), None)
        if loop is None or id(loop.node) in learned or id(loop.node) in told or not event.args:
            continue
        base = rounds.base_of_loop(loop)
        loader = next((o for o in base.options() if o.kind == "loader"), None) if base is not None else None
        if loader is None or not _shuffled(loader) or not _from_model(event.args[-1]) or _one_number(event.args[-1]):
            continue
        if _collects_rows(p, loop) or not _joined(p, event, loop):
            continue
        told.add(id(loop.node))
        if id(loader) not in told:
            yield _finding(p, loader)


def _finding(p: Program, loader: Val) -> Finding:
    return p.report(
        "SB352",
        loader,
        "predictions of a shuffled loader (shuffle=True) are stored beside rows in the stored order",
        why="the loader gives the samples in a random order, so predictions and ids do not match (misaligned)",
        fix="Use shuffle=False for prediction",
    )


def _gathered(p: Program) -> Iterator[Val]:
    """Shuffled loaders whose predictions a comprehension collects, and which then stand beside the stored rows."""
    for event in p.calls("DataFrame", "zip", "column_stack", "stack", "hstack") if p.of_kind("loader") else ():
        parts = [*event.args, *event.kwargs.values(), *(v for a in event.args for v in a.attrs.values())]
        if event.name.rsplit(".", 1)[-1] in ("column_stack", "stack", "hstack"):
            parts = list(event.args[0].items or ()) if event.args else []
        drawn = [(part, box) for part in parts if (box := _collected(part)) is not None]
        for part, box in drawn[:1]:
            data = {id(v) for v in ancestors(box.args[0], limit=60) if v.kind == "tensor"}
            others = [o for o in parts if o is not part and o.kind in ("tensor", "list") and o.shape != ()]
            rows = [o for o in others if not any(v.name == "batch" for v in ancestors(o, limit=200))]
            if any(v.name == "arange" or id(v) in data for o in rows for v in ancestors(o, limit=12)):
                yield box.args[0]


def _collected(val: Val) -> Val | None:
    """The comprehension over a shuffled loader in which predictions alone were collected."""
    for one in ancestors(val, limit=12):
        if one.name == "comprehension" and one.items and one.args and one.args[0].kind == "loader":
            row = one.items[0]
            whole = row.kind == "tensor" and row.shape != () and not _one_number(row)
            return one if whole and _shuffled(one.args[0]) and _from_model(row) else None
    return None


def _tallied(event: Event) -> bool:
    """Whether a number is added to one entry of a table (``right[label] += 1``): a count, no row for each sample."""
    return isinstance(event.node, ast.AugAssign) and isinstance(event.node.target, ast.Subscript)


def _shuffled(loader: Val) -> bool:
    flag = loader.arg(2, "shuffle")
    return flag is not None and flag.const is True


def _from_model(val: Val) -> bool:
    made = [v for v in ancestors(val, limit=40) if v.kind == "tensor"]
    return any(v.name == "forward" or getattr(v.owner, "kind", "") == "module" for v in made)


def _collects_rows(p: Program, loop: LoopRun) -> bool:
    """Whether something of the batch itself (labels, ids) is collected too."""
    for event in p.all("keep", "augment"):
        own = event.inside(loop) and bool(event.args) and not _from_model(event.args[-1])
        if own and any(v.name == "batch" for v in ancestors(event.args[-1], limit=20)):
            return True
    return False


def _one_number(val: Val) -> bool:
    """Whether it is a loss or a mean of the whole batch, which belongs to no row."""
    return formulas.core(val).name in ("loss", "mean", "item")


def _joined(p: Program, kept: Event, loop: LoopRun) -> bool:
    """Whether the collected values meet a table later: a data frame, zip, a column or a file.

    What is filled in the same loop has the order of the loader too.
    """
    wanted = {id(kept.recv)} if kept.recv is not None else set()
    beside = {id(e.recv) for e in p.all("keep", "augment") if e.recv is not None and e.inside(loop)} - wanted
    wanted |= {id(v) for v in (kept.result,) if v is not None}
    later = [e for e in p.all("call", "setitem") if e.seq > kept.seq]
    for event in later:
        if event.kind == "call" and event.name.rsplit(".", 1)[-1] not in ("DataFrame", "zip", "Series", "column_stack"):
            continue
        parts = [*event.args, *event.kwargs.values()]
        parts += [v for a in event.args for v in a.attrs.values()]
        several = len(parts) > 1
        if any(id(v) in beside for a in parts for v in ancestors(a, limit=30)):
            continue
        if several and any(id(v) in wanted for a in parts for v in ancestors(a, limit=30)):
            return True
    return False
