"""The scheduler is created again in the loop: it never advances.

## What it does

Finds a schedule that is made again in every round of the loop, or one by hand whose step counter is reset there.

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

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    before: set[int] = set()
    for event in p.makers("scheduler"):  # a helper may have made the first one before the loop
        made = event.result
        if made is None or made.kind != "scheduler" or event.recv is not None:
            continue
        if not event.loops:
            before.add(id(event.node))
            continue
        if id(event.node) in seen:
            continue
        seen.add(id(event.node))
        optimizer = made.arg(0, "optimizer")
        loop = event.loops[-1]
        if optimizer is None or any(loop.node in o.loops for o in optimizer.options()) or not rounds.repeats(loop):
            continue
        if event.conds_in(loop) or not any(s.inside(loop) for s in p.all("step")):
            continue
        yield p.report(
            "SB143",
            event.sites[-1] if id(event.node) in before and event.sites else event,
            f"the scheduler {made.name} is created again in every round of the loop: it never advances",
            why="each new scheduler starts at its first step, so the learning rate does not follow the schedule",
            fix="Create the scheduler once, before the loop",
        )
    yield from _restarted(p)


def _restarted(p: Program) -> Iterator[Finding]:
    """A schedule by hand over all epochs, whose step counter is set back to 0 in each of them."""
    seen: set[int] = set()
    for event in p.once("setitem"):
        if not q.is_rate(event) or len(event.loops) < 2:
            continue
        made = list(ancestors(event.args[-1], limit=300))
        counters = {id(v.node) for v in made if v.kind == "number" and v.name == "running"}
        if len(counters) != 1:
            continue  # none, or another one goes on over all epochs
        for _, start, reset in p.assigns:
            if id(start.node) not in counters or start.const != 0 or id(reset.node) in seen or not reset.loops:
                continue
            outer = reset.loops[-1]
            if not _every_round(p, event, reset) or not _over_all(p, made, outer):
                continue
            seen.add(id(reset.node))
            yield p.report(
                "SB143",
                reset,
                "the step counter of the learning-rate schedule is reset to 0 in every epoch",
                why="the schedule is laid out over all epochs, but its counter restarts with each epoch: the warm-up "
                "is repeated every epoch and the rest of the schedule (the decay) is never reached",
                fix="Set the counter to 0 once, before the loop over the epochs",
                related=((str(event.src.path), event.line, "the learning rate is set here"),),
            )


def _every_round(p: Program, event: Event, reset: Event) -> bool:
    """Whether the counter is set back in each round around the loop that sets the rate, with one optimizer for all."""
    outer, depth = reset.loops[-1], len(reset.loops)
    same = [a.node for a in reset.loops] == [b.node for b in event.loops[:depth]]
    if not same or len(event.loops) <= depth or reset.conds_in(outer) or not rounds.repeats(outer):
        return False
    inner = event.loops[depth]
    steps = [s for s in p.all("step") if s.inside(inner) and s.recv is not None]
    return bool(steps) and not any(outer.node in o.loops for s in steps if s.recv for o in s.recv.options())


def _over_all(p: Program, made: list[Val], outer: LoopRun) -> bool:
    """Whether the rate is worked out from a number of steps over all rounds of this loop, but not from the round."""
    over = outer.over
    if over is None or over.name != "range" or len(over.args) != 1 or not isinstance(outer.node, ast.For):
        return False
    count, target = over.args[0], {n.id for n in syntax.walk(outer.node.target) if isinstance(n, ast.Name)}
    known = {id(v) for v in made}
    if any(name in target and id(val) in known for name, val, _ in p.assigns):
        return False  # ``epoch * len(loader) + i``
    if any(v.name in ("div", "floor_divide", "truediv") and v.args[-1] is count for v in made if v.args):
        return False  # one schedule for each epoch, on purpose
    return any(v.name == "mul" and len(v.args) == 2 and any(a is count for a in v.args) for v in made)
