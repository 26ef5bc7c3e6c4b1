"""BCELoss gets raw logits: the sigmoid is missing.

## What it does

Finds `BCELoss` that gets raw scores.

## Why is this bad

`BCELoss` takes logarithms of its input. Raw scores outside 0..1 raise an error at best; inside they are
misread as probabilities.

## Example

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
loss_fn = nn.BCELoss()
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
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
        if event.name != "BCELoss":
            continue
        sources = training.loss_origins(event.arg(0, "input"))
        if any(made.name in training.PROBABILITY or made.name == "perhaps" for made in sources):
            continue  # a branch of the model squashes; this call may stand in the same one
        for made in sources:
            if made.kind != "tensor":
                continue
            inner = made
            if made.name in ("clamp", "clip") and made.args:
                inner = (training.loss_origins(made.args[0]) or [made])[0]
            if inner.name in training.LOGIT_OPS or inner.name in ("relu", "tanh", "BatchNorm1d"):
                what = "raw logits" if inner.name in training.LOGIT_OPS else f"the output of {inner.name}"
                yield p.report(
                    "SB204",
                    made if inner is not made else event,
                    f"BCELoss gets {what}: the sigmoid is missing",
                    why="BCELoss expects probabilities between 0 and 1; other values are misread or clamped",
                    fix="Use BCEWithLogitsLoss, or apply sigmoid to the output",
                    related=(q.place(inner),),
                )
