"""Backward() runs for every batch, step() only once after the loop.

## What it does

Finds `optimizer.step()` after the batch loop although `backward()` runs for every batch.

## Why is this bad

The gradients of a whole epoch add up and are applied once: one huge step per epoch.

## Example

```python
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
    optimizer.step()
```

## Use instead

```python
for epoch in range(10):
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
from seedbed.doctor.static import rounds
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for step in p.once("step"):
        backs = [b for b in p.all("backward") if b.seq < step.seq and b.name != "grad"]
        if not backs:
            continue
        back = backs[-1]
        if (
            back.loops[: len(step.loops)] != step.loops
            or len(back.loops) <= len(step.loops)
            or back.conds_in(back.loop)
        ):
            continue
        inner = back.loops[len(step.loops)]
        clears = [c for c in p.all("clear") if inner in c.loops]
        if clears and all(c.conds_in(inner) for c in clears):
            continue  # cleared in one of the rounds alone: the gradients of the others are gathered on purpose
        if not clears and rounds.in_one_batch(inner, of_rows=False):
            continue  # the pieces of one batch: gradients are gathered on purpose
        if not clears and _gathered_anew(p, step, back):
            continue  # so are those of what was drawn for a few passes
        if not clears and step.loops and rounds.is_loader_loop(step.loops[-1]):
            continue  # one step for each batch of an outer loop, whose pieces the inner one runs over
        whole = rounds.is_loader_loop(inner) and step.loops and rounds.repeats(step.loops[-1])
        if not (clears and rounds.is_loader_loop(inner)) and not (whole and not _scaled(back)):
            continue
        if any(s is not step and inner in s.loops for s in p.all("step")):
            continue
        yield p.report(
            "SB133",
            step,
            "optimizer.step() is outside the batch loop: the weights change only once per epoch",
            why="backward() runs for every batch, but only one step is made after the last of them",
            fix="Indent optimizer.step() into the batch loop",
            related=((str(back.src.path), back.line, "backward() for every batch"),),
        )


def _gathered_anew(p: Program, step: Event, back: Event) -> bool:
    """Whether the pieces are those of data that each round of a loop around the passes makes: a rollout's samples."""
    if len(step.loops) < 2 or back.recv is None or not rounds.repeats(step.loops[-2]):
        return False
    begun = {id(e.node): e.clock for e in p.all("loop") if e.clock < step.clock}
    first, last = begun.get(id(step.loops[-2].node)), begun.get(id(step.loops[-1].node))
    cut = [v.args[0] for v in ancestors(back.recv, limit=400) if v.name == "getitem" and v.args[-1].kind == "slice"]
    return bool(cut) and first is not None and last is not None and all(first < v.seq < last for v in cut)


def _scaled(back: Event) -> bool:
    """A loss that is divided by the number of batches is a full-batch gradient on purpose."""
    return back.recv is not None and any(
        v.name == "div" and v.kind == "tensor" and any(a.kind in ("number", "const") for a in v.args)
        for v in ancestors(back.recv)
        if v.line >= back.line - 2
    )
