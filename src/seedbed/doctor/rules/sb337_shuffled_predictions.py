"""Predictions in shuffled order are compared with labels in the stored order.

## What it does

Finds predictions that are collected batch by batch from a loader with `shuffle=True` and then compared with the
labels of the data set itself instead of those of the batches.

## Why is this bad

The loader draws a new order for every pass. Prediction i and label i belong to different samples, so the metric is
that of guessing.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset

x_test, y_test = torch.randn(60, 4), torch.randint(0, 3, (60,))
loader = DataLoader(TensorDataset(x_test, y_test), batch_size=10, shuffle=True)
model = nn.Linear(4, 3)
model.eval()
preds = []
with torch.no_grad():
    for x, _ in loader:
        preds.append(model(x).argmax(dim=1))
accuracy = (torch.cat(preds) == y_test).float().mean()
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset

x_test, y_test = torch.randn(60, 4), torch.randint(0, 3, (60,))
loader = DataLoader(TensorDataset(x_test, y_test), batch_size=10)
model = nn.Linear(4, 3)
model.eval()
preds = []
with torch.no_grad():
    for x, _ in loader:
        preds.append(model(x).argmax(dim=1))
accuracy = (torch.cat(preds) == y_test).float().mean()
```
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import measures
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.values import CLOSED, Val, ancestors

_ALL = measures.RANKING | measures.LABELLED | measures.ERRORS | {"confusion_matrix", "classification_report"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event, left, right in _pairs(p):
        for guess, truth in ((left, right), (right, left)):
            if not _gathered(guess) or any(v.kind == "number" and v.name in _SIZES for v in (guess, truth)):
                continue
            loaders = {id(b.args[1]): b.args[1] for b in measures.batches_of(guess)}
            loader = next((v for v in loaders.values() if _shuffled(v)), None)
            if loader is None or len(loaders) != 1 or measures.batches_of(truth):
                continue
            if not _stored(loader, truth) or id(event.node) in seen:
                continue
            joined = event.name.rsplit(".", 1)[-1] in _TABLES
            if joined and (guess.kind == "loader" or not f.from_model(guess) or _condensed(guess)):
                continue  # two streams of batches side by side, or figures of the whole
            seen.add(id(event.node))
            what = "written beside ids (or rows)" if joined else "compared with labels"
            yield p.report(
                "SB337",
                _decided(p, loader),
                f"predictions of a shuffled loader (shuffle=True) are {what} in the stored order: they do not line up",
                why="the loader draws a new order, so prediction and label belong to different samples",
                fix="Use shuffle=False for this loader, or collect the labels (or ids) of the batches too",
                related=((str(event.src.path), event.line, "compared here"),),
            )


def _pairs(p: Program) -> Iterator[tuple[Event, Val, Val]]:
    yield from measures.equalities(p)
    yield from measures.metric_calls(p, frozenset(_ALL))
    for event in p.once("loss"):
        if len(event.args) >= 2:
            yield event, event.args[0], event.args[1]
    for event in p.calls(*_TABLES):  # ids and predictions side by side, as in a file of results
        columns = [*event.args, *event.kwargs.values()]
        columns = [i for c in columns for i in (c.items or [] if c.kind in ("list", "tuple") else [c])]
        columns = [i for c in columns for i in (c.attrs.values() if c.kind == "dict" else [c])]
        yield from ((event, a, b) for a, b in itertools.combinations(columns[:6], 2))


_SIZES = frozenset(["size", "len", "dim", "numel", "ndim", "shape"])
_TABLES = ("zip", "DataFrame", "column_stack", "zip_longest")


def _shuffled(loader: Val) -> bool:
    flag = _flag(loader)
    return flag is not None and flag.const is True


def _flag(loader: Val) -> Val | None:
    return loader.kwargs.get("shuffle", loader.args[2] if len(loader.args) > 2 else None)


def _decided(p: Program, loader: Val) -> Val | Event | Place:
    made = next((e for e in p.calls("DataLoader") if e.result is loader), None)
    return loader if made is None else q.decided(made, _flag(loader))


def _condensed(guess: Val) -> bool:
    """Whether averages were collected, one for each class or epoch, and not a prediction for each sample."""
    return any(v.name in ("mean", "nanmean", "average", "std", "median") for v in measures.elements(guess))


def _gathered(val: Val) -> bool:
    """Whether a value was collected over batches."""
    return any(v.kind == "list" and "grown" in v.tags for v in ancestors(val, limit=60)) or any(
        v.name in ("cat", "concatenate", "add") and v.kind == "tensor" for v in ancestors(val, limit=30)
    )


_FILES = ("open", "load", "loads", "listdir", "glob")  # and all that is named read_


def _read_from(truth: Val) -> list[Val]:
    """What labels were made from, back to the file that they were read from: not the settings that name the file."""
    found: list[Val] = []
    stack = [truth]
    while stack and len(found) < 40:
        one = stack.pop()
        if any(one is v for v in found):
            continue
        found.append(one)
        last = one.name.rsplit(".", 1)[-1]
        if one.kind not in CLOSED and last not in _FILES and not last.startswith("read_"):
            stack += one.inputs()
    return found


def _stored(loader: Val, truth: Val) -> bool:
    """Whether the labels are those that the loader's data set holds."""
    held = {id(v) for v in ancestors(loader, limit=400) if v.kind in ("tensor", "unknown", "dataset")}
    for one in _read_from(truth):
        if one.kind in ("tensor", "unknown", "dataset") and id(one) in held and one.name not in ("randint", "randn"):
            return True
        if one.kind == "tensor" and id(one) in held:
            return True
    return False
