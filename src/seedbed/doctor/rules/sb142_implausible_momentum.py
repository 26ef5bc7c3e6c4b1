"""Momentum or betas are far outside what works.

## What it does

Finds momentum or betas that cannot work.

## Why is this bad

Adam's second beta must be the longer memory; a momentum near 1 sums thousands of steps.

## Example

```python
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.999, 0.9))
```

## Use instead

```python
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.999))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event, optimizer, _ in ownership.optimizers(p):
        betas = optimizer.kwargs.get("betas")
        pair = [b.const for b in betas.items] if betas is not None and betas.items else []
        if len(pair) == 2 and all(isinstance(b, float) for b in pair) and pair[0] > pair[1] and pair[0] >= 0.95:
            yield p.report(
                "SB142",
                betas if betas is not None and betas.line else event,
                f"betas={tuple(pair)} look swapped: the first must be the shorter memory",
                why="the momentum then averages a thousand steps while the scale follows single gradients: "
                "updates are erratic",
                fix=f"Use betas={(pair[1], pair[0])}",
            )
        if optimizer.name == "SGD":
            rate, moment = optimizer.number(1, "lr"), optimizer.number(2, "momentum")
            if isinstance(rate, float) and isinstance(moment, float) and 0.8 <= rate < 1 and 0 < moment <= 0.1:
                yield p.report(
                    "SB142",
                    event,
                    f"lr={rate:g} and momentum={moment:g} look swapped",
                    why="the rate is as large as a usual momentum, and the momentum as small as a usual learning rate",
                    fix=f"Use SGD(..., lr={moment:g}, momentum={rate:g})",
                )
        momentum = optimizer.kwargs.get("momentum")
        if momentum is not None and isinstance(momentum.const, float) and momentum.const >= 0.995:
            if _made_up_for(optimizer, momentum.const):
                continue
            yield p.report(
                "SB142",
                event,
                f"momentum={momentum.const} is too close to 1: the effective learning rate is {1 / max(1e-9, 1 - momentum.const):.0f} times larger",  # noqa: E501
                why="the update is a sum over that many steps and overshoots",
                fix="Use momentum=0.9",
            )


def _made_up_for(optimizer: Val, momentum: float) -> bool:
    """Whether the rate is so small that the sum of all those steps is a usual one."""
    rates = [r for r, _ in ownership.rates(optimizer)]
    usual = 0.1 if optimizer.name == "SGD" else 0.01
    return bool(rates) and all(isinstance(r, float) and 0 < r <= usual * (1 - momentum) * 1.001 for r in rates)
