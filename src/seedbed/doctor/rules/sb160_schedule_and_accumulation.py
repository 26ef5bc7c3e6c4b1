"""The schedule counts updates but is stepped in every micro-batch, or the other way round.

## What it does

With gradient accumulation it compares what the schedule's horizon counts (updates or micro-batches) with where
``scheduler.step()`` stands.

## Why is this bad

With k micro-batches per update the schedule runs k times too fast, or covers only one k-th of its way.

## Example

```python
k = 4
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10 * (len(loader) // k))
for epoch in range(10):
    for i, (x, y) in enumerate(loader):
        (F.cross_entropy(model(x), y) / k).backward()
        if (i + 1) % k == 0:
            optimizer.step()
            optimizer.zero_grad()
        scheduler.step()
```

## Use instead

```python
k = 4
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10 * (len(loader) // k))
for epoch in range(10):
    for i, (x, y) in enumerate(loader):
        (F.cross_entropy(model(x), y) / k).backward()
        if (i + 1) % k == 0:
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules import sb112_batch_schedule_per_epoch as sb112
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_HORIZONS = {
    "CosineAnnealingLR": (1, "T_max"),
    "OneCycleLR": (2, "total_steps"),
    "LinearLR": (3, "total_iters"),
    "PolynomialLR": (1, "total_iters"),
}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("schedule"):
        made, loop = event.recv, event.loop
        if made is None or made.name not in (*_HORIZONS, "LambdaLR") or loop is None or id(event.node) in seen:
            continue
        steps = [s for s in p.all("step", "scaler_step") if s.loop is not None and s.loop.node is loop.node]
        windows = [w for s in steps if (w := _window(s)) is not None]
        if not rounds.is_loader_loop(loop) or not windows or len(windows) < len(steps):
            continue
        counts_updates = _counts_updates(made, windows[0])
        own = _window(event)
        if counts_updates is None or (counts_updates and made.name == "LambdaLR"):
            continue
        if counts_updates == (own is not None) or (own is None and event.conds_in(loop)):
            continue
        seen.add(id(event.node))
        size = windows[0].const if isinstance(windows[0].const, int) else "k"
        if counts_updates:
            said = f"counts optimizer updates, but scheduler.step() runs in every micro-batch: {size} times too often"
            fix = "Call scheduler.step() in the branch of optimizer.step()"
        else:
            said = f"counts micro-batches, but scheduler.step() runs once per accumulation window of {size}"
            fix = f"Divide its horizon by the accumulation steps: len(loader) // {size}"
        yield p.report(
            "SB160",
            event,
            f"{made.name} {said}",
            why="with gradient accumulation there are fewer updates than batches, so the learning rate is through its "
            "schedule far too early, or never gets through it",
            fix=fix,
            related=(q.place(made), (str(steps[0].src.path), steps[0].line, "optimizer.step()")),
        )


def _counts_updates(made: Val, window: Val) -> bool | None:
    """Whether a horizon is divided by the window; ``None`` where it is not made from a number of batches."""
    if made.name == "LambdaLR":
        horizons = [v for _, v in sb112.divisors(made.arg(1, "lr_lambda"))]
    else:
        given = made.arg(*_HORIZONS[made.name])
        horizons = [given] if given is not None else []
    parts = [v for h in horizons for v in ancestors(h, limit=60)]
    if not any(v.name == "len" for v in parts):
        return None
    return any(_divides(v, window) for v in parts)


def _window(event: Event) -> Val | None:
    """The number in the condition ``(i + 1) % k == 0`` around an event."""
    for node, _, test in reversed(event.conds_in(event.loop)):
        if isinstance(node, ast.If) and any(isinstance(n, ast.Mod) for n in syntax.walk(node.test)):
            for val in ancestors(test, limit=20):
                if val.name in ("mod", "remainder") and len(val.args) > 1:
                    return val.args[1]
    return None


def _divides(val: Val, window: Val) -> bool:
    """Whether a number is divided by the size of the window."""
    if val.name not in ("div", "floordiv", "floor_divide", "true_divide") or len(val.args) < 2:
        return False
    below, above = val.args[1], val.args[0]
    if above.name == "len" and above.args and above.args[0].kind in ("tensor", "dataset", "list"):
        return False  # rows by the size of a batch
    return below is window or (below.kind == "const" and below.const == window.const and below.const is not None)
