"""Probabilities are compared with 0 as if they were logits.

## What it does

Finds the result of a sigmoid that is compared with 0 (`> 0`, `>= 0`).

## Why is this bad

A sigmoid is always larger than 0: every sample is predicted positive. The cut for probabilities is 0.5; 0 is the
cut for logits.

## Example

```python
model = nn.Linear(4, 1)
model.eval()
with torch.no_grad():
    for x, y in loader:
        pred = (torch.sigmoid(model(x)) > 0).float()
```

## Use instead

```python
model = nn.Linear(4, 1)
model.eval()
with torch.no_grad():
    for x, y in loader:
        pred = (torch.sigmoid(model(x)) > 0.5).float()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in sorted([*p.all("compare"), *p.calls("gt", "ge", "lt", "le")], key=lambda e: e.seq):
        if event.kind == "compare":
            if event.name not in ("Gt", "GtE", "Lt", "LtE") or len(event.args) < 2:
                continue
            source, cut = event.args[0], event.args[1]
        else:
            made = event.result
            if event.name.rsplit(".", 1)[-1] not in ("gt", "ge", "lt", "le") or made is None or len(made.args) < 2:
                continue
            source, cut = made.args[0], made.args[1]
        if cut.kind != "const" or isinstance(cut.const, bool) or cut.const not in (0, 0.0) or id(event.node) in seen:
            continue
        found = [o for o in training.loss_origins(source) if o.kind == "tensor"]
        if found and all(_sigmoid(o) for o in found):
            seen.add(id(event.node))
            yield p.report(
                "SB331",
                event,
                "probabilities (after sigmoid) are compared with 0: the threshold for them is 0.5, 0 is for logits",
                why="a sigmoid is always above 0, so every sample is predicted positive",
                fix="Use probability > 0.5, or compare the logits with 0",
                related=(q.place(found[0]),),
            )


def _sigmoid(val: Val) -> bool:
    return val.name == "sigmoid" and bool(val.args)
