"""Shapes (N, 1) and (N,) broadcast in a metric.

## What it does

Finds predictions `(N, 1)` that are compared with targets `(N,)` in a metric.

## Why is this bad

The comparison is `(N, N)`: the accuracy is wrong, often above 1.

## Example

```python
model = nn.Linear(4, 1)
data = torch.randn(64, 4)
label = (data[:, 0] > 0).float()
with torch.no_grad():
    acc = ((model(data) > 0).float() == label).float().mean()
```

## Use instead

```python
model = nn.Linear(4, 1)
data = torch.randn(64, 4)
label = (data[:, 0] > 0).float()
with torch.no_grad():
    acc = ((model(data).squeeze(1) > 0).float() == label).float().mean()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("broadcast"):
        if event.result is None or p.trained(event.result) or event.depth:
            continue
        if event.name not in ("compare", "sub", "MSELoss", "L1Loss"):
            continue
        if not any(
            v.owner is not None and v.name in ("forward", "Linear") for x in event.args for v in ancestors(x, limit=100)
        ):
            continue
        yield p.report(
            "SB317",
            event,
            "shapes (N, 1) and (N,) broadcast to (N, N) in a metric",
            why="every prediction is compared with every target, so the metric is wrong",
            fix="Make both shapes equal: pred.squeeze(1), or target.unsqueeze(1)",
            shapes=f"{event.args[0].shape} and {event.args[1].shape}",
        )
