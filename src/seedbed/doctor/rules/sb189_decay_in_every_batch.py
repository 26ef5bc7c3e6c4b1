"""The learning rate is cut in every batch of the epoch that should cut it once.

## What it does

Finds a decay of the learning rate by hand that stands in the batch loop under a condition on the epoch alone.

## Why is this bad

In that epoch it runs once for every batch: after a few batches the learning rate is zero.

## Example

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(30):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        if epoch % 10 == 9:
            for group in optimizer.param_groups:
                group["lr"] *= 0.1
```

## Use instead

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(30):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    if epoch % 10 == 9:
        for group in optimizer.param_groups:
            group["lr"] *= 0.1
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    scheduled = [e for e in p.once("schedule") if e.recv is not None and e.recv.kind == "scheduler"]
    cuts = [e for e in p.once("setitem") if q.is_rate(e) and _compounds(e)]
    for event in (*cuts, *scheduled):
        loop = _batches(event)
        if loop is None or loop.outer is None or not any(s.inside(loop) for s in p.all("step")):
            continue
        conds = [c[0] for c in event.conds_in(loop)]
        epoch, batch = _names(loop.outer.node), _names(loop.node)
        tests = [c.test for c in conds if isinstance(c, ast.If)]
        tested = [{n.id for n in syntax.walk(test) if isinstance(n, ast.Name)} for test in tests]
        if len(tested) != len(conds) or not conds or not any(t & epoch for t in tested):
            continue
        if any(t & (batch | _counted(loop)) for t in tested) or not all(t & epoch for t in tested):
            continue
        if event.kind == "schedule" and not any(map(_occasional, tests)):
            continue  # a schedule that counts batches, in one phase of the training
        if event.kind == "setitem" and _slow(event) and not any(map(_occasional, tests)):
            continue  # a smooth decay per batch, from some epoch on
        yield p.report(
            "SB189",
            event,
            "the learning rate is cut inside the batch loop under a condition on the epoch alone: it is cut once for "
            "every batch of that epoch",
            why="after a few batches the rate is multiplied away, and training stands still",
            fix="Move it out of the batch loop, so that it runs once per epoch",
            related=((str(event.src.path), loop.line, "the batch loop"),),
        )


def _occasional(test: ast.expr) -> bool:
    """Whether a test picks single epochs: ``epoch == 30``, ``epoch % 10 == 9``, ``epoch in milestones``."""
    picks = (ast.Eq, ast.In)
    return any(
        isinstance(n, ast.Mod) or (isinstance(n, ast.Compare) and isinstance(n.ops[0], picks)) for n in ast.walk(test)
    )


def _slow(event: Event) -> bool:
    """Whether one cut takes at most a few percent."""
    val = event.args[-1]
    factors = [a.const for a in val.args if a.kind == "const" and isinstance(a.const, (int, float))]
    return val.name == "mul" and any(0.97 <= f < 1 for f in factors)


def _compounds(event: Event) -> bool:
    """Whether the new rate is made from the old one."""
    val = event.args[-1]
    return val.name in ("mul", "div") and any(v.const == "lr" for v in ancestors(val, limit=20))


def _batches(event: Event) -> LoopRun | None:
    return next((r for r in reversed(event.loops) if rounds.is_loader_loop(r)), None)


def _names(node: ast.AST) -> set[str]:
    target = getattr(node, "target", None)
    return {n.id for n in syntax.walk(target) if isinstance(n, ast.Name)} if target is not None else set()


def _counted(loop: LoopRun) -> set[str]:
    """Names that the body changes: counters and losses."""
    return {n.id for n in syntax.walk(loop.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
