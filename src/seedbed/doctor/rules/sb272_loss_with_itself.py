"""A loss compares a value with itself.

## What it does

Finds losses and hand-written errors whose prediction and target are the same value.

## Why is this bad

The loss is constant (zero for a squared error), whatever the model does. Nothing is learned, and the printed loss
looks perfect.

## Example

```python
model = nn.Linear(4, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    y = model(x)
    loss = F.mse_loss(y, y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_PAIRS = (
    "MSELoss",
    "L1Loss",
    "SmoothL1Loss",
    "HuberLoss",
    "BCELoss",
    "NLLLoss",
    "CrossEntropyLoss",
    "BCEWithLogitsLoss",
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name not in _PAIRS or len(event.args) < 2:
            continue
        one, two = _plain(event.args[0]), _plain(event.args[1])
        if one is two and one.kind in ("tensor", "unknown") and f.from_model(one):
            yield p.report(
                "SB272",
                event,
                "the loss compares the prediction with itself: prediction and target are the same value",
                why="its value does not depend on the labels, so the model learns nothing",
                fix="Pass the labels as the target",
            )


def _plain(val: Val) -> Val:
    """Through layout and detach, but not through indexing."""
    return f.core(val)
