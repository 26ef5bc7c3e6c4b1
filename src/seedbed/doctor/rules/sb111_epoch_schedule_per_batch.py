"""A schedule counted in epochs is stepped in every batch.

## What it does

Finds schedules whose numbers count epochs but that are stepped in every batch.

## Why is this bad

The learning rate runs through its whole schedule in the first epochs and is tiny (or wrong) afterwards.

## Example

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.1)
for epoch in range(30):
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
        scheduler.step()
```

## Use instead

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.1)
for epoch in range(30):
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
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax, training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("schedule"):
        if event.recv is None or len(event.loops) < 2 or event.conds_in(event.loops[-1]):
            continue
        placed = event.arg(0, "epoch")
        steps = [s for s in p.all("step") if s.loop is not None and s.loop.node is event.loops[-1].node]
        if not steps and _measures(p, event):
            yield p.report(
                "SB111",
                event,
                "scheduler.step() is called in every batch of the evaluation: the schedule advances with the size of "
                "the validation data",
                why="no optimizer step happens there, so the learning rate changes many times between two updates",
                fix="Call scheduler.step() once per epoch in the training code, after the batch loop",
            )
            continue
        epochs = event.loops[-2].over
        if not steps or epochs is None or not rounds.is_loader_loop(event.loops[-1]):
            continue
        count = epochs.args[-1] if epochs.name == "range" and len(epochs.args) in (1, 2) else None
        parts = [o for r in event.recv.options() for o in (r, *_members(r))]
        for scheduler in parts:
            if placed is not None and not placed.is_none and scheduler.name != "ReduceLROnPlateau":
                continue  # step(epoch) sets the rate of that epoch, however often it is called
            reason = _epochs(scheduler, count)
            if reason:
                yield p.report(
                    "SB111",
                    q.handed_on(p, event) if any(o is scheduler for o in event.recv.options()) else scheduler,
                    f"scheduler.step() of {scheduler.name} is called in every batch, but its schedule counts epochs",
                    why=f"{reason}; stepped per batch, the learning rate is through its schedule in the first epochs",
                    fix="Call scheduler.step() once per epoch, after the batch loop",
                    related=(q.place(scheduler),),
                )


def _measures(p: Program, event: Event) -> bool:
    """Whether a loop only measures: it runs a model over batches and neither it nor what is in it trains."""
    loop = event.loops[-1]
    if not rounds.is_loader_loop(loop) or any(e.inside(loop) for e in p.all("step", "backward")):
        return False
    return any(e.inside(loop) for e in training.evaluations(p)) and bool(p.all("step"))


def _members(scheduler: Val) -> list[Val]:
    """The schedules that a SequentialLR or ChainedScheduler runs."""
    if scheduler.name not in ("SequentialLR", "ChainedScheduler"):
        return []
    given = scheduler.arg(1 if scheduler.name == "SequentialLR" else 0, "schedulers")
    return [i for i in (given.items or []) if i.kind == "scheduler"] if given is not None else []


def _epochs(scheduler: Val, count: Val | None) -> str:
    limit = count.const if count is not None and isinstance(count.const, int) else None
    if scheduler.name == "StepLR":
        size = scheduler.number(1, "step_size")
        if isinstance(size, int) and (size <= 50 and (limit is None or size <= limit)):
            return f"step_size={size} means every {size} epochs"
    if scheduler.name == "MultiStepLR":
        marks = scheduler.arg(1, "milestones")
        numbers = [m.const for m in marks.items or []] if marks is not None else []
        if numbers and all(isinstance(m, int) for m in numbers) and max(numbers) <= (limit or 200):
            return f"milestones={numbers} are epochs"
    if scheduler.name == "ExponentialLR":
        gamma = scheduler.number(1, "gamma")
        if isinstance(gamma, float) and gamma <= 0.99:
            return f"gamma={gamma} decays fast"
    if scheduler.name == "CosineAnnealingLR":
        horizon = scheduler.arg(1, "T_max")
        if horizon is not None and count is not None:
            if horizon is count or (limit is not None and horizon.const == limit):
                return "T_max is the number of epochs"
            if limit is not None and isinstance(horizon.const, int) and limit / 2 <= horizon.const < limit:
                return (
                    f"T_max={horizon.const} is a number of epochs, so the rate goes up and down (oscillates) per batch"
                )
            if isinstance(horizon.const, int) and limit is None and horizon.const <= 100:
                return f"T_max={horizon.const} looks like a number of epochs"
    if scheduler.name == "ReduceLROnPlateau":
        return "patience counts epochs"
    if scheduler.name in ("LambdaLR", "MultiplicativeLR") and limit is not None:
        func = scheduler.arg(1, "lr_lambda")
        node = func.node if func is not None else None
        names = {n.arg for n in syntax.walk(node) if isinstance(n, ast.arg)} if node is not None else set()
        if names & {"epoch", "ep", "e"}:
            return "its function is written for epochs"
    return ""
