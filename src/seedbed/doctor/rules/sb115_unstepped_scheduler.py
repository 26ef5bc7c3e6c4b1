"""The learning-rate scheduler is never stepped.

## What it does

Finds a learning-rate schedule that is made but never stepped.

## Why is this bad

The learning rate stays at its first value; with a warm-up that value may be tiny.

## Example

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=30)
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=30)
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
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import unseen
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or not p.all("step") or unseen.calls(p, "step"):
        return
    stepped = [e.recv for e in p.all("schedule") if e.recv is not None]
    for event in p.first_makers("scheduler"):
        made = event.result
        if made is None or made.kind != "scheduler" or event.recv is not None:
            continue
        if any(q.alike(made, s) or q.reaches_val(s, made) for s in stepped):
            continue
        used = [
            e
            for e in p.all("call", "make", "attribute", "keep")
            if e is not event and made in [*e.args, *e.kwargs.values()]
        ]
        used = [e for e in used if e.kind != "attribute"]
        if used or any(o.kind != "scheduler" for s in stepped for o in s.options()):
            continue
        if any(e.recv is not None and e.recv.kind in ("list", "dict") for e in p.all("schedule")):
            continue
        if _replaced(p, made, stepped) or _wrapped(p, made):
            continue
        own = _steps_of(p, made)
        if not own:
            continue  # a schedule of an optimizer that trains nothing either, as one that is only restored
        last = own[-1]
        yield p.report(
            "SB115",
            q.site(last) if last.loops else event,
            f"the learning-rate scheduler {made.name} is never stepped: the learning rate stays constant",
            why="a schedule only moves when scheduler.step() is called",
            fix="Call scheduler.step() after optimizer.step() (per batch or per epoch, as its numbers mean)",
            related=((str(event.src.path), event.line, "the scheduler"),),
        )


def _steps_of(p: Program, made: Val) -> list[Event]:
    """The steps of the optimizer that a schedule was made with, and those of which it is not known whose they are."""
    optimizer = made.arg(0, "optimizer")
    steps = p.all("step")
    if optimizer is None or any(o.kind != "optimizer" for o in optimizer.options()):
        return steps
    vague = [s for s in steps if s.recv is None or any(o.kind != "optimizer" or o.owner for o in s.recv.options())]
    return vague or [s for s in steps if q.alike(s.recv, optimizer)]


def _wrapped(p: Program, made: Val) -> bool:
    """Whether a schedule of the program's own holds it and asks it for rates."""
    return any(
        made in e.args[-1].options()
        for e in p.all("attribute")
        if e.args
        and e.recv is not None
        and any("lr_scheduler" in b for b in getattr(e.recv.owner, "lib_bases", list)())
    )


def _replaced(p: Program, made: Val, stepped: list[Val]) -> bool:
    """Whether another schedule takes the place of this one, in the same attribute, and is stepped."""
    places = [(e.name, id(e.recv)) for e in p.all("attribute") if e.args and e.args[-1] is made]
    later = [e for e in p.all("attribute") if (e.name, id(e.recv)) in places and e.args[-1] is not made]
    return any(o is s for e in later for s in e.args[-1].options() for one in stepped for o in one.options())
