"""Sigmoid before BCEWithLogitsLoss: sigmoid is applied twice.

## What it does

Finds a sigmoid (or softmax) before `BCEWithLogitsLoss`.

## Why is this bad

The loss applies the sigmoid itself. A second one keeps predictions between 0.5 and 0.73, so the loss cannot
become small.

## Example

```python
model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
loss_fn = nn.BCEWithLogitsLoss()
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 1))
loss_fn = nn.BCEWithLogitsLoss()
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name not in ("BCEWithLogitsLoss", "MultiLabelSoftMarginLoss", "SoftMarginLoss"):
            continue
        for made in training.sure_origins(event.arg(0, "input")):
            name = training.squash(made) or (made.name if made.name in ("logsigmoid", "log_softmax") else "")
            if name and made.kind == "tensor":
                yield p.report(
                    "SB203",
                    q.spot(made, event),
                    f"{name} before {event.name}: the loss expects raw logits and applies sigmoid itself",
                    why="with sigmoid applied twice the predictions stay between 0.5 and 0.73 and the "
                    "gradient is squashed",
                    fix=f"Delete the {name}: pass raw logits (or use BCELoss)",
                    related=((str(event.src.path), event.line, "the loss"),),
                )
