"""Learning rate and weight decay look swapped.

## What it does

Finds a weight decay and a learning rate that look swapped.

## Why is this bad

The weights are pulled to zero faster than the tiny learning rate can train them.

## Example

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=1.0)
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
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
    table = ownership.optimizers(p)
    bare = {
        id(e.node) for e, o, _ in table if any(d == 0 for _, d in ownership.rates(o)) and "weight_decay" in o.kwargs
    }
    for event, optimizer, _ in table:
        if id(event.node) in bare:
            continue  # the same line runs without any decay too: what it does is being shown
        if any(o.name != optimizer.name and ownership.rates(o) == ownership.rates(optimizer) for _, o, _ in table):
            continue  # two kinds with the same numbers: they are compared
        for rate, decay in ownership.rates(optimizer):
            if not isinstance(decay, (int, float)) or not isinstance(rate, (int, float)) or decay <= 0:
                continue
            limit = {"AdamW": 0.5, "Adam": 0.1, "NAdam": 0.1, "RMSprop": 0.1, "SGD": 0.05}.get(optimizer.name)
            if limit is None or decay < limit or rate >= decay / 5:
                continue
            if optimizer.name == "AdamW" and decay < 1 and rate > decay / 1000:
                continue  # strong, but AdamW multiplies it by the rate
            if optimizer.name == "SGD" and rate > 5e-3 and decay < 0.2:
                continue
            yield p.report(
                "SB120",
                q.spelled(event, optimizer.kwargs.get("weight_decay")),
                f"weight_decay={decay:g} is far larger than usual and the learning rate lr={rate:g} is small: "
                f"they look swapped",
                why="the weights shrink towards zero instead of learning",
                fix=f"Swap them, or use a weight decay near 1e-4 to 1e-2 (lr={decay:g}, weight_decay={rate:g} "
                f"if they were swapped)",
                lr=rate,
                weight_decay=decay,
            )
