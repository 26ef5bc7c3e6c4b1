"""`ignore_index` is a real class of an ordinary classification.

## What it does

Finds `ignore_index` of 0 or more in a classifier with one label per row, in a program that pads or masks nothing:
the index is one of its classes.

## Why is this bad

Every sample of that class gets no loss and no gradient. The model never learns to predict it, and the printed
loss does not count it.

## Example

```python
model = nn.Linear(4, 3)
loss_fn = nn.CrossEntropyLoss(ignore_index=0)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(60, 4), torch.randint(0, 3, (60,))
for epoch in range(10):
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(60, 4), torch.randint(0, 3, (60,))
for epoch in range(10):
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_HIDDEN = re.compile(r"pad|mask|void|unlabel|unknown|background|ignore(?!_index)|vocab|token", re.IGNORECASE)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        skipped = event.kwargs.get("ignore_index")
        if event.name not in ("CrossEntropyLoss", "NLLLoss") or skipped is None or len(event.args) < 2:
            continue
        shape = event.args[0].shape
        if type(skipped.const) is int and (drawn := _collides(event.args[1], skipped.const)) is not None:
            yield p.report(
                "SB261",
                event.recv if event.recv is not None and event.recv.line else event,
                f"ignore_index={skipped.const} is a real class: label {skipped.const} also marks unlabelled places",
                why="the labels already use that number, so the class is ignored and never learned",
                fix="Mark unlabelled places with a number that no class has (-100)",
                related=((str(drawn.src.path) if drawn.src else "", drawn.line, "the labels"),),
            )
            continue
        if not isinstance(skipped.const, int) or skipped.const < 0 or shape is None or len(shape) != 2:
            continue
        classes = shape[1]
        if classes is not None and skipped.const >= classes:
            continue
        moved = {v.name for v in q.chain(event.args[0])} & {"view", "reshape", "flatten", "transpose", "permute"}
        if moved or skipped.var or _HIDDEN.search(event.src.text):
            continue
        yield p.report(
            "SB261",
            event.recv if event.recv is not None and event.recv.line else event,
            f"ignore_index={skipped.const} is a real class here: its samples never count in the loss",
            why="all samples of that class are left out, so the model never learns it",
            fix="Remove ignore_index, or use a value that no real label has (-100)",
            related=((str(event.src.path), event.line, "the loss"),),
        )


def _collides(target: Val, skipped: int) -> Val | None:
    """Where labels that already use the ignored number are drawn, before places are filled with it."""
    for step in lineage.path(target, 60):
        fills = step.name in ("masked_fill", "where", "masked_fill_") and any(a.const == skipped for a in step.args[1:])
        for root in lineage.path(step.args[0], 60) if fills and step.args else ():
            if root.name != "randint" or len(root.args) < 2:
                continue
            low, high = (a.const for a in root.args[:2])
            if type(low) is int and type(high) is int and low <= skipped < high:
                return root
    return None
