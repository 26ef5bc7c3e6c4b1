"""Scheduler.step() runs before optimizer.step().

## What it does

Finds a schedule that is stepped before the optimizer.

## Why is this bad

The first value of the schedule is skipped and every learning rate comes one step too early.

## Example

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
for epoch in range(30):
    scheduler.step()
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
for epoch in range(30):
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
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    steps = p.all("step")
    done: set[int] = set()
    for event in p.all("schedule"):
        if not steps or event.recv is None or id(event.recv) in done:
            continue
        done.add(id(event.recv))
        loop = event.loop
        later = [s for s in steps if s.seq > event.seq and loop is not None and loop in s.loops]
        if event.args or event.kwargs:
            continue  # step(epoch) sets the place in the schedule, wherever it stands
        if any(loop is not None and loop.node in o.loops for o in event.recv.options()):
            continue  # a schedule that is made anew in every round is told where it stands
        if any(s.seq < event.seq for s in steps) or not later or (not p.complete and _depends(event)):
            continue
        yield p.report(
            "SB113",
            event,
            "scheduler.step() is called before optimizer.step(): the first learning rate is skipped",
            why="every value of the schedule is used one step too early",
            fix="Call scheduler.step() after optimizer.step()",
            related=((str(later[0].src.path), later[0].line, "optimizer.step()"),),
        )


def _depends(event: Event) -> bool:
    """Whether it happens under a condition that asks for more than whether there is a schedule."""
    assert event.recv is not None
    held = list(event.recv.options())
    return any(branch or not any(a is h for a in (c, *c.args) for h in held) for _, branch, c in event.conds)
