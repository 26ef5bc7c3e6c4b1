"""A break leaves the batch loop early: most data is never seen.

## What it does

Finds a `break` that leaves a batch loop after a fixed, small number of batches.

## Why is this bad

Most of the data is never seen. It is usually left over from debugging.

## Example

```python
for epoch in range(10):
    for i, (x, y) in enumerate(loader):
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
        if i == 2:
            break
```

## Use instead

```python
for epoch in range(10):
    for i, (x, y) in enumerate(loader):
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import rounds, syntax
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("break"):
        loop = event.loop
        if loop is None or not any(e.inside(loop) for e in p.all("backward", "forward")):
            continue
        if not _works(p, loop, bool(event.conds_in(loop))):
            continue  # a batch is taken to be looked at
        conds = event.conds_in(loop)
        body_loop = getattr(loop.node, "iter", None)
        if body_loop is None or loop.over is None or (loop.over.name == "range" and not rounds.is_loader_loop(loop)):
            continue
        if not conds and loop.over.kind in ("list", "tuple", "phi") and not rounds.is_loader_loop(loop):
            continue  # settings that are tried one after the other
        if not conds:
            problem = "an unconditional break leaves the batch loop after the first batch"
        else:
            test = conds[-1][2]
            sides = [o for o in test.args if o.kind in ("const", "number", "unknown", "method", "phi")]
            counter = any(_own_counter(a, loop) for a in test.args)
            limit = next(
                (
                    a.const
                    for a in sides
                    if a.kind == "const" and isinstance(a.const, int) and not isinstance(a.const, bool)
                ),
                None,
            )
            written = conds[-1][0].test if isinstance(conds[-1][0], ast.If) else None
            if not _spelled(written) and (limit is None or written is None or not _leaves_most(p, loop, limit)):
                continue
            if (
                not counter
                or limit is None
                or test.name != "compare"
                or not isinstance(conds[-1][0], ast.If)
                or (len(conds) > 1 and any(c[2].name == "unknown" for c in conds))
            ):
                continue
            problem = f"a break leaves the batch loop after {limit} batches"
        yield p.report(
            "SB315",
            event,
            f"{problem}: most of the data is never seen",
            why="the loop stops after a few batches per epoch, so only a fraction of the data is used",
            fix="Remove the break, or let its limit be None by default (use a smaller dataset for debugging)",
            related=((str(loop.src.path), loop.line, "the loop"),),
        )


def _spelled(test: ast.expr | None) -> bool:
    """Whether the limit stands as a number in the condition itself, where nobody can set it from outside."""
    numbers = (
        c for n in (syntax.walk(test) if test is not None else ()) if isinstance(n, ast.Compare) for c in n.comparators
    )
    return any(isinstance(c, ast.Constant) and isinstance(c.value, int) and c.value is not True for c in numbers)


_FEW = 5


def _leaves_most(p: Program, loop: LoopRun, limit: int) -> bool:
    """Whether a limit that is an option lets an epoch train on a handful of batches, of many that there surely are."""
    base = rounds.base_of_loop(loop)
    size = base.number(1, "batch_size") if base is not None and base.kind == "loader" else None
    rows = next((v.shape[0] for v in _columns(base) if v.shape), None) if base is not None and size else None
    if not isinstance(size, int) or not rows or not 0 < limit <= _FEW:
        return False
    repeated = any(len(b.loops) > 1 and b.inside(loop) and b.loops[0].node is not loop.node for b in p.all("backward"))
    return repeated and limit * size * 4 <= rows


def _columns(loader: Val) -> list[Val]:
    data = loader.args[0] if loader.args else None
    return list(data.args) if data is not None and data.name == "TensorDataset" else []


def _works(p: Program, loop: LoopRun, limited: bool) -> bool:
    """Whether the loop trains or measures: it updates weights, or gathers something over its batches."""
    if any(e.inside(loop) for e in p.all("step", "scaler_step")):
        return True
    if any(b.inside(loop) for b in p.all("backward")) and any(e.inside(loop) for e in p.all("inplace", "setitem")):
        return True
    if any(e.inside(loop) and e.args and e.args[0].kind != "const" and not _own(e, loop) for e in p.all("augment")):
        return True
    if any(e.inside(loop) for e in p.calls(*_GATHERS)):
        return True
    return not limited and any(e.inside(loop) and not _own(e, loop) for e in p.all("keep"))


def _own(event: Event, loop: LoopRun) -> bool:
    """Whether a function that the loop calls fills a box of its own, as where a batch is put together or decoded."""
    if not event.funcs or event.funcs[-1] in _around(event, loop):
        return False
    node = event.node
    target = node.target if isinstance(node, ast.AugAssign) else getattr(getattr(node, "func", None), "value", None)
    if not isinstance(target, ast.Name):
        return False
    made = [n for n in syntax.below(event.funcs[-1].node, ast.Name) if isinstance(n.ctx, ast.Store)]
    written = {id(node.target)} if isinstance(node, ast.AugAssign) else set()
    return any(n.id == target.id and id(n) not in written for n in made)


def _around(event: Event, loop: LoopRun) -> list[Any]:
    """The functions that the loop stands in, of those that an event happens in."""
    first = loop.line
    return [f for f in event.funcs if f.src is loop.src and f.node.lineno <= first <= (f.node.end_lineno or 0)]


_GATHERS = ("update", "add_batch", "accumulate")


def _own_counter(val: Val, loop: LoopRun) -> bool:
    target = getattr(loop.node, "target", None)
    names = {n.id for n in syntax.walk(target) if isinstance(n, ast.Name)} if target is not None else set()
    for one in ancestors(val, limit=20):
        if "counter" in one.tags and one.var in names:
            return True
        if (
            one.kind in ("number", "phi")
            and one.name in ("add", "phi")
            and one.var in ("i", "n", "n_batches", "count", "num_batches", "batch_idx", "step", "seen")
        ):
            return True
    return False
