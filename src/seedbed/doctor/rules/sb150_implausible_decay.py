"""The weight decay is so strong that the weights shrink to zero.

## What it does

Finds a weight decay so strong that the weights shrink to zero.

## Why is this bad

Every step pulls the weights to zero; the model cannot hold what it learns.

## Example

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5, weight_decay=1.0)
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=1e-4)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event, optimizer, _ in ownership.optimizers(p):
        for rate, decay in ownership.rates(optimizer):
            if (
                not isinstance(decay, (int, float))
                or not isinstance(rate, (int, float))
                or (rate < decay / 5 and optimizer.name != "SGD")
            ):
                continue
            limit = {"AdamW": 1.0, "Adam": 0.3, "NAdam": 0.3, "RMSprop": 0.3, "SGD": 0.2}.get(optimizer.name)
            if limit is None or decay < limit or (optimizer.name == "SGD" and rate < decay / 5):
                continue
            yield p.report(
                "SB150",
                q.spelled(event, optimizer.kwargs.get("weight_decay")),
                f"weight_decay={decay:g} is far too strong for {optimizer.name}: the weights shrink to zero",
                why="the decay pulls harder than the gradient, so the model underfits",
                fix="Use a weight decay near 1e-4 to 1e-2",
                weight_decay=decay,
            )
