"""The schedule's horizon does not fit the number of steps that run.

## What it does

Finds a cosine schedule whose `T_max` is shorter than the run.

## Why is this bad

After `T_max` the cosine comes up again: the learning rate ends high instead of low.

## Example

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
for epoch in range(100):
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
    scheduler.step()
```

## Use instead

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=100)
for epoch in range(100):
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
    scheduler.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import rounds, syntax
from seedbed.doctor.static.program import Cond, Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("schedule"):
        if event.recv is None or event.recv.name != "CosineAnnealingLR" or not event.loops:
            continue
        horizon = event.recv.number(1, "T_max")
        over = event.loops[-1].over
        if (
            (len(event.loops) > 1 and rounds.is_loader_loop(event.loops[-1]))
            or over is None
            or over.name != "range"
            or not over.args
            or any(_on_counter(cond) for cond in event.conds_in(event.loops[-1]))
            or _made_again(p, event)
        ):
            continue
        count = over.args[-1].const if len(over.args) < 3 else None
        if isinstance(horizon, int) and isinstance(count, int) and horizon >= 1 and count > 1.5 * horizon:
            yield p.report(
                "SB140",
                event.recv,
                f"CosineAnnealingLR has T_max={horizon} but is stepped {count} times: the learning rate rises again",
                why="after T_max steps the cosine goes up again, so training ends at a wrong learning rate",
                fix=f"Use T_max={count}, or CosineAnnealingWarmRestarts if restarts are meant",
                T_max=horizon,
                steps=count,
                related=((str(event.src.path), event.line, "the step"),),
            )


def _made_again(p: Program, event: Event) -> bool:
    """Whether a new schedule may take the place of this one in the middle of the loop."""
    makers = [e for e in p.all("make", "call") if e.result is not None and e.result.kind == "scheduler"]
    return any(e.inside(event.loops[-1]) for e in makers)


def _on_counter(branch: Cond) -> bool:
    """Whether a branch is taken in a part of the rounds only: its test orders or divides a number."""
    test = getattr(branch[0], "test", None)
    return test is not None and any(
        isinstance(n, (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Mod)) for n in syntax.walk(test)
    )
