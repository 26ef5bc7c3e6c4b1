"""Targets are cast to integers: their fraction is lost.

## What it does

Finds regression targets that are cast to integers.

## Why is this bad

The fraction is lost: the model learns a staircase.

## Example

```python
model = nn.Linear(4, 1)
data = torch.randn(64, 4)
target = data.sum(1, keepdim=True).long()
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model(data), target.float()).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
data = torch.randn(64, 4)
target = data.sum(1, keepdim=True)
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model(data), target).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import ranges
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name not in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss") or len(event.args) < 2:
            continue
        for one in q.chain(event.args[1]):
            if one.kind == "tensor" and one.name in ("long", "int", "short", "byte") and one.args:
                source = one.args[0]
                if source.dtype == "float" or ranges.can_be_negative(source) is True:
                    yield p.report(
                        "SB232",
                        one,
                        f"the regression target is cast to integers by {one.name}(): its fraction is lost",
                        why="the model is trained on truncated targets",
                        fix="Keep the target as float",
                        related=((str(event.src.path), event.line, "the loss"),),
                    )
                    break
