"""Gradient accumulation without dividing the loss.

## What it does

Finds gradient accumulation over several micro-batches whose loss is not divided by their number.

## Why is this bad

The gradients of the micro-batches add up, so the step is as many times too large as there are
micro-batches.

## Example

```python
for i, (x, y) in enumerate(loader):
    loss = loss_fn(model(x), y)
    loss.backward()
    if (i + 1) % 4 == 0:
        optimizer.step()
        optimizer.zero_grad()
```

## Use instead

```python
for i, (x, y) in enumerate(loader):
    loss = loss_fn(model(x), y) / 4
    loss.backward()
    if (i + 1) % 4 == 0:
        optimizer.step()
        optimizer.zero_grad()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, rounds, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Cond, Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for step in p.once("step"):
        loop = step.loop
        if loop is None or not step.first:
            continue
        inner = [c for c in step.conds_in(loop) if c[1] == 0 and _counts(c[2])]
        if any(q.in_arm(b, c) for b in p.all("backward") for c in inner):
            continue  # the rarer step has a backward() of its own: two optimizers that take turns
        for back in p.all("backward"):
            if back.loops != step.loops or not back.first or back.seq > step.seq:
                continue
            if not inner or back.conds_in(loop) or back.recv is None or _divided(back.recv):
                continue
            if any(
                e.kind == "augment" and e.name == "Div" and e.recv is not None and e.recv.name == "grad"
                for e in p.all("augment")
            ):
                continue
            if any(
                e.name in ("div_", "mul_") and e.recv is not None and e.recv.name == "grad" for e in p.all("inplace")
            ):
                continue
            yield _finding(p, back, step, _period(inner))
            break
    yield from _inner_loops(p)


def _finding(p: Program, back: Event, step: Event, count: str) -> Finding:
    """``count`` is how the number of accumulated batches is written, empty where that is not known."""
    many = f"{count} times" if count else "that many times"
    return p.report(
        "SB109",
        back,
        "gradient accumulation without dividing the loss by the number of accumulation steps"
        + (f" ({count})" if count else ""),
        why=f"the gradients of all micro-batches are summed, so the step is {many} too large: that of one big batch is "
        "their mean",
        fix=f"Divide the loss before backward(): (loss / {count}).backward()"
        if count
        else "Divide the loss by the number of accumulated batches before backward()",
        related=((str(step.src.path), step.line, "the step after several backward() calls"),),
    )


def _period(conds: list[Cond]) -> str:
    """How the number of rounds between two steps is written: what stands right of ``%`` in their condition."""
    for node, _, _ in conds:
        test = node.test if isinstance(node, (ast.If, ast.IfExp)) else node
        rests = [n.right for n in syntax.walk(test) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mod)]
        if len(rests) == 1 and isinstance(rests[0], (ast.Name, ast.Attribute, ast.Constant)):
            return syntax.text(rests[0])
    return ""


def _length(loop: LoopRun) -> str:
    """How the number of micro-batches is written in ``for _ in range(n)``."""
    over = getattr(loop.node, "iter", None)
    if isinstance(over, ast.Call) and isinstance(over.func, ast.Name) and over.func.id == "range":
        given = over.args[0] if len(over.args) == 1 else None
        return syntax.text(given) if isinstance(given, (ast.Name, ast.Attribute, ast.Constant)) else ""
    return ""


def _counts(test: Val) -> bool:
    return any(v.name in ("mod", "Mod") or (v.kind == "number" and v.name == "mod") for v in ancestors(test))


def _divided(root: Val) -> bool:
    """Whether the trained value is divided (or multiplied by something) between the loss and backward()."""
    stack, seen = [root], set()
    while stack:
        val = stack.pop()
        if id(val) in seen:
            continue
        seen.add(id(val))
        factors = [o for a in val.args for o in a.options()] if val.name in ("div", "mul", "true_divide") else []
        if val.kind == "tensor" and any(o.kind in ("const", "number", "unknown", "method") for o in factors):
            return True
        if "reduction=sum" in val.tags or val.kind == "unknown":
            return True
        if val.name == "sum" and len(val.args) == 1 and not val.kwargs:
            return True  # the gradients of sums add up to that of the whole sum
        if val.name in ("scaled", "add", "neg", "phi", "div", "mul", "sub", "getitem", "forward"):
            stack.extend(val.args)
    return False


def _inner_loops(p: Program) -> Iterator[Finding]:
    """Accumulation written as a loop over micro-batches inside the step."""
    seen: set[int] = set()
    for back in p.all("backward"):
        loop = back.loop
        if loop is None or id(back.node) in seen or back.recv is None:
            continue
        if not rounds.is_accumulation(loop) and not (rounds.in_one_batch(loop) and _gathers(p, loop)):
            continue
        steps = [s for s in p.all("step") if s.seq > back.seq and s.loops == back.loops[:-1]]
        if _once(loop):
            continue
        rescaled = [e for e in p.all("augment", "inplace") if e.recv is not None and e.recv.name == "grad"]
        if not steps or rescaled or _divided(back.recv):
            continue
        seen.add(id(back.node))
        yield _finding(p, back, steps[0], _length(loop))


def _once(loop: LoopRun) -> bool:
    """Whether a loop has one round, as its setting is: then there is nothing to divide by."""
    over = loop.over
    return over is not None and over.name == "range" and len(over.args) == 1 and over.args[0].const == 1


def _gathers(p: Program, loop: LoopRun) -> bool:
    """Whether the gradients of all rounds of a loop are left to add up, and nothing rescales them."""
    if any(e.inside(loop) for e in p.all("clear")):
        return False
    if any(e.name == "grad" and not e.args[-1].is_none for e in p.all("attribute")):
        return False
    rates = [e.arg(1, "lr") for e, _, _ in ownership.optimizers(p)]
    return not any(r is not None and r.name in ("div", "mul") for r in rates)
