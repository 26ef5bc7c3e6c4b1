"""The scheduler is created again in the loop: it never advances.

## What it does

Finds a schedule that is made again in every round of the loop.

## Why is this bad

It starts anew each time, so the learning rate never advances along it.

## Example

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=3)
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
    scheduler.step()
```

## Use instead

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=3)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
    scheduler.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import rounds
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_makers("scheduler"):
        made = event.result
        if made is None or made.kind != "scheduler" or not event.loops or event.recv is not None:
            continue
        optimizer = made.arg(0, "optimizer")
        loop = event.loops[-1]
        if optimizer is None or any(loop.node in o.loops for o in optimizer.options()) or not rounds.repeats(loop):
            continue
        if event.conds_in(loop) or not any(s.inside(loop) for s in p.all("step")):
            continue
        yield p.report(
            "SB143",
            event,
            f"the scheduler {made.name} is created again in every round of the loop: it never advances",
            why="each new scheduler starts at its first step, so the learning rate does not follow the schedule",
            fix="Create the scheduler once, before the loop",
        )
