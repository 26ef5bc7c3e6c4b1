"""The optimizer steps twice on one gradient.

## What it does

Finds two optimizer steps on one gradient.

## Why is this bad

The same gradient is applied twice: the effective learning rate doubles and the moments are wrong.

## Example

```python
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    optimizer.step()
    optimizer.step()
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _both_phases(p)
    yield from _leftover(p)
    order = [e for e in p.all("backward", "step", "clear") if e.first]
    done: set[int] = set()
    for first, second in itertools.pairwise(order):
        if first.kind == second.kind == "step" and first.node is not second.node and first.loops == second.loops:
            if (
                not first.loops
                or not q.same(first.recv, second.recv)
                or first.conds != second.conds
                or id(second.node) in done
            ):
                continue
            one, two = first.recv, second.recv
            if one is not None and two is not None and one.kind != "optimizer" and one.var != two.var:
                continue
            done.add(id(second.node))
            yield p.report(
                "SB127",
                second,
                "optimizer.step() is called twice for one backward(): the same gradient is applied twice",
                why=f"line {first.line} has already applied it, so the effective learning rate doubles",
                fix="Remove one of the two steps",
                related=((str(first.src.path), first.line, "the first step"),),
            )


def _both_phases(p: Program) -> Iterator[Finding]:
    """A schedule that is stepped in the training phase and again in the validation phase of each epoch."""
    seen: set[int] = set()
    for event in p.all("schedule"):
        loop = event.loop
        over = loop.over if loop is not None else None
        names = [i.const for i in over.items or [] if isinstance(i.const, str)] if over is not None else []
        if loop is None or len(event.loops) < 2 or "train" not in names or len(names) < 2 or id(event.node) in seen:
            continue
        again = {e.rounds[-1] for e in p.all("schedule") if e.node is event.node and e.loop is loop}
        trained = {e.rounds[e.loops.index(loop)] for e in p.all("step") if loop in e.loops}
        if len(again) < 2 or not trained or len(trained) >= len(again) or event.conds_in(loop):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB127",
            event,
            f"scheduler.step() runs in both phases ({', '.join(names)}): the schedule is stepped twice per epoch",
            why="the learning rate decays twice as fast as the schedule says",
            fix='Step it in the training phase only: if phase == "train": scheduler.step()',
        )


def _leftover(p: Program) -> Iterator[Finding]:
    """backward, step, backward, step without zero_grad() between: the first gradients are applied a second time."""
    order = [e for e in p.all("backward", "step", "clear") if e.first and e.loops]
    for one, first, two, second in zip(order, order[1:], order[2:], order[3:], strict=False):
        kinds = [e.kind for e in (one, first, two, second)]
        if kinds != ["backward", "step", "backward", "step"] or first.node is second.node or one.node is two.node:
            continue
        if len({e.loops for e in (one, first, two, second)}) != 1 or len({e.conds for e in (first, two, second)}) != 1:
            continue
        if first.recv is None or first.recv.kind != "optimizer" or not q.same(first.recv, second.recv):
            continue
        if two.kwargs.get("inputs") is not None or first.name == "closure" or first.recv.name in ("SAM", "LBFGS"):
            continue
        if first.recv.owner is not None or any(
            e.recv is not None and first.seq < e.seq < two.seq for e in p.all("restore")
        ):
            continue
        yield p.report(
            "SB127",
            two,
            "zero_grad() is missing between the two steps: the gradients of the first loss are applied a second time",
            why=f"backward() adds to the gradients that the step at line {first.line} has already used",
            fix="Call optimizer.zero_grad() before the second backward(), or sum the losses and step once",
            related=((str(first.src.path), first.line, "the first step"),),
        )
        return
