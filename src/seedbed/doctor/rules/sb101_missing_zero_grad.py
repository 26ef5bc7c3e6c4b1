"""Zero_grad() is missing: gradients accumulate over all steps.

## What it does

Finds an optimizer (or a hand-written update) that steps in a loop in which nothing clears the gradients.

## Why is this bad

`backward()` adds to `.grad`. Without `zero_grad()` every step uses the sum of all gradients since the
start: the steps grow and point to the past.

## Example

```python
for x, y in loader:
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, rounds
from seedbed.doctor.static.program import Event, LoopRun, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for step in p.once("step", "manual"):
        loop = _loop(p, step)
        if loop is None or not step.loops:
            continue
        clears = [e for e in p.all("clear") if e.inside(loop)]
        if any(_fits(c, step) for c in clears):
            continue
        if not p.complete and not rounds.is_loader_loop(loop) and len(step.loops) < 2:
            continue
        if step.recv is not None and any(v.loops and loop.node in v.loops for v in ownership.modules_of(step.recv)):
            continue  # a model that is new in every round has no old gradients
        back = [e for e in p.all("backward") if e.inside(loop) and e.name != "grad"]
        outside = [e for e in p.all("clear") if _fits(e, step)]
        if clears and not outside:
            continue  # it clears, but something else: another check
        once = f" It is called only at line {outside[0].line}, outside this loop." if outside else ""
        yield p.report(
            "SB101",
            back[-1],
            "zero_grad() is missing in the training loop: gradients accumulate across steps",
            why="backward() adds to .grad, so every step uses the sum of all earlier gradients; they are never "
            "cleared." + once,
            fix="Call optimizer.zero_grad() once per step, before loss.backward()",
            related=((str(step.src.path), step.line, "the step that uses the accumulated gradients"),),
        )


def _loop(p: Program, step: Event) -> LoopRun | None:
    """The innermost loop that holds the step and a backward()."""
    backs = [e for e in p.all("backward") if e.name != "grad"]
    for loop in reversed(step.loops):
        if any(b.inside(loop) for b in backs):
            return loop
    return None


def _fits(clear: Event, step: Event) -> bool:
    if clear.recv is None or step.recv is None:
        return True
    for c in clear.recv.options():
        for s in step.recv.options():
            if c is s or "unknown" in (c.kind, s.kind) or c.kind in ("instance", "method", "tensor", "group"):
                return True
            if s.kind != "optimizer":
                return True
            holds = ownership.held(s)
            if not holds or any(c is m or ownership.contains(c, m) for m in holds if c.kind == "module"):
                return True
            if c.kind == "optimizer" and any(m in ownership.held(c) for m in holds):
                return True
    return False
