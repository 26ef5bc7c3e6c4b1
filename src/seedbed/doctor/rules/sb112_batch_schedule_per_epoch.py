"""A schedule counted in steps is stepped once per epoch.

## What it does

Finds schedules whose horizon is a number of steps but that are stepped once per epoch.

## Why is this bad

The schedule never gets through its horizon: with a warm-up the learning rate stays tiny, with a decay it
never falls.

## Example

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=0.1, steps_per_epoch=len(loader), epochs=10
)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
    scheduler.step()
```

## Use instead

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=0.1, steps_per_epoch=len(loader), epochs=10
)
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
from seedbed.doctor.rules import sb171_implausible_schedule as sb171
from seedbed.doctor.static import numbers, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("schedule"):
        if event.recv is None or not event.loops:
            continue
        loop = event.loops[-1]
        steps = [s for s in p.all("step") if s.inside(loop)]
        if not steps or any(s.loop is not None and s.loop.node is loop.node for s in steps):
            continue
        for scheduler in event.recv.options():
            horizon = _horizon(scheduler) or _too_long(p, scheduler)
            if horizon:
                yield p.report(
                    "SB112",
                    event,
                    f"scheduler.step() of {scheduler.name} is called once per epoch, but its schedule counts batches",
                    why=f"{horizon} counts optimizer steps, so the learning rate hardly moves along its schedule",
                    fix="Call scheduler.step() after every optimizer.step(), inside the batch loop",
                    related=(q.place(scheduler),),
                )


def _too_long(p: Program, scheduler: Val) -> str:
    """A warm-up that is not over when the run is, because it is counted in batches."""
    known = scheduler.attrs.get("factors") if scheduler.name == "LambdaLR" else None
    count = sb171.steps(p, scheduler)
    if known is None or not known.items or count is None or count < 3:
        return ""
    values = [i.const for i in known.items]
    if not all(isinstance(v, (int, float)) for v in values):
        return ""
    reached = max((v for s, v in zip(numbers.PROBED, values, strict=False) if s <= count), default=1)
    return "its function" if 0 <= reached < 0.2 and max(values) > 0.8 and values[0] < 0.2 else ""


def _horizon(scheduler: Val) -> str:
    if scheduler.name in ("OneCycleLR", "CyclicLR"):
        total = scheduler.arg(2, "total_steps")
        per = scheduler.kwargs.get("steps_per_epoch")
        if scheduler.name == "CyclicLR":
            return "step_size_up"
        if per is not None and per.const != 1:
            return "steps_per_epoch"
        if total is not None and (_batches(total) or (isinstance(total.const, int) and total.const > 300)):
            return "total_steps"
        return ""
    if scheduler.name.endswith("schedule_with_warmup"):
        total = scheduler.arg(2, "num_training_steps")
        return "num_training_steps" if total is not None and _batches(total) else ""
    for name, index in (("T_max", 1), ("T_0", 1), ("total_iters", 3), ("milestones", 1)):
        val = scheduler.kwargs.get(name) or (
            scheduler.arg(index) if name == "T_max" and scheduler.name == "CosineAnnealingLR" else None
        )
        if val is not None and _batches(val):
            return name
    if scheduler.name == "LambdaLR":
        func = scheduler.arg(1, "lr_lambda")
        node = func.node if func is not None else None
        names = {n.arg for n in syntax.walk(node) if isinstance(n, ast.arg)} if node is not None else set()
        used = {n.id for n in syntax.walk(node) if isinstance(n, ast.Name)} if node is not None else set()
        if names & {"step", "it", "iteration", "s", "global_step"} and any(
            "step" in u or "iter" in u for u in used - names
        ):
            return "its function"
        return next((f"{name}, by which its function divides," for name, v in divisors(func) if _batches(v)), "")
    return ""


def divisors(func: Val | None) -> Iterator[tuple[str, Val]]:
    """Numbers from around the function of a schedule, by which it divides what it is given."""
    node = func.node if func is not None and func.kind == "func" else None
    if func is None or func.owner is None or not isinstance(node, (ast.FunctionDef, ast.Lambda)):
        return
    given = {a.arg for a in node.args.args}
    parts = list(syntax.walk(node))
    for n in parts:
        if not isinstance(n, ast.BinOp) or not isinstance(n.op, (ast.Div, ast.FloorDiv)):
            continue
        above = list(syntax.walk(n.left))
        if any(isinstance(a, ast.BinOp) and not isinstance(a.op, (ast.Sub, ast.Add)) and not _by_pi(a) for a in above):
            continue  # the epoch may be turned into steps there
        if not any(isinstance(a, ast.Name) and a.id in given for a in above):
            continue
        names = {b.id for b in syntax.walk(n.right) if isinstance(b, ast.Name)} - given
        held = [(name, func.owner.scope.find(name)) for name in sorted(names)]
        yield from ((name, val) for name, val in held if val is not None)


def _by_pi(node: ast.BinOp) -> bool:
    """``math.pi * x``: the angle of a cosine, not epochs that are turned into steps."""
    sides = [syntax.text(s).rsplit(".", 1)[-1] for s in (node.left, node.right)]
    return isinstance(node.op, ast.Mult) and "pi" in sides


def _batches(val: Val) -> bool:
    return any(
        (v.name == "len" and v.args and v.args[0].kind in ("loader", "unknown", "instance", "method")) or _quotient(v)
        for v in ancestors(val)
    )


def _quotient(val: Val) -> bool:
    """``len(samples) / batch_size``: how many batches there are."""
    if val.name not in ("div", "floordiv", "floor_divide") or len(val.args) != 2:
        return False
    size = val.args[1].const if val.args[1].kind == "const" else None
    counted = val.args[0]
    return counted.name == "len" and bool(counted.args) and isinstance(size, int) and size > 1
