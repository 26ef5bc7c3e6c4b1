"""A counter of true and false answers counts another cell of the confusion matrix.

## What it does

Finds counters named tp, fp, fn or tn whose formula (predictions and labels, each as they are or negated) counts
another cell.

## Why is this bad

Precision, recall and F1 that are made from the counters are other quantities, and still lie between 0 and 1.

## Example

```python
model = nn.Linear(4, 1)
fn = 0
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        pred = (torch.sigmoid(model(x)).squeeze(1) > 0.5).float()
        fn += ((1 - pred) * (1 - y)).sum().item()
```

## Use instead

```python
model = nn.Linear(4, 1)
fn = 0
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        pred = (torch.sigmoid(model(x)).squeeze(1) > 0.5).float()
        fn += ((1 - pred) * y).sum().item()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import cells, syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val

_CELLS = {
    "tp": "predicted positive, labelled positive",
    "fp": "predicted positive, labelled negative",
    "fn": "predicted negative, labelled positive",
    "tn": "predicted negative, labelled negative",
}
_LONG = {("true", "pos"): "tp", ("false", "pos"): "fp", ("false", "neg"): "fn", ("true", "neg"): "tn"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    found = {}
    for name, val, node, src in _counters(p):
        said = _meant(name)
        if said and id(node) not in found:
            found[id(node)] = (name, said, cells.counted(val), node, src)
    known = [(said, made) for _, said, made, _, _ in found.values() if made]
    # class 0 is the positive one
    turned = len(known) > 1 and all(made == _OTHER_CLASS.get(said) for said, made in known)
    for name, said, made, node, src in found.values():
        if made in _CELLS and made != said and not turned:
            yield p.report(
                "SB296",
                (node, src),
                f"{name} counts {_CELLS[made]}: that is {made}, not {said} (the confusion matrix is wrong)",
                why="precision, recall and F1 are computed from the wrong counts",
                fix=f"Count {_CELLS[said]} in {name}",
            )


_OTHER_CLASS = {"tp": "tn", "tn": "tp", "fp": "fn", "fn": "fp"}


def _counters(p: Program) -> Iterator[tuple[str, Val, ast.AST, Source]]:
    for event in p.once("augment"):
        if event.name == "Add" and isinstance(event.node, ast.AugAssign) and event.args:
            yield syntax.text(event.node.target), event.args[0], event.node, event.src
    for name, val, event in p.assigns:
        if val.kind in ("tensor", "number", "unknown"):
            yield name, val, event.node, event.src


@lru_cache(maxsize=4096)
def _meant(name: str) -> str:
    found = words(name.replace(".", "_").replace("[", "_").replace("]", "_").replace("'", "_").replace('"', "_"))
    short = {w for w in found if w in _CELLS}
    short |= {cell for pair, cell in _LONG.items() if pair[0] in found and any(w.startswith(pair[1]) for w in found)}
    rates = {"rate", "tpr", "fpr", "fnr", "tnr", "weight", "loss", "idx", "mask"}
    return short.pop() if len(short) == 1 and not rates & set(found) else ""
