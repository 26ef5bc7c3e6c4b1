"""The closure of LBFGS does not compute the loss anew.

## What it does

Finds closures for LBFGS in which no `backward()` runs.

## Why is this bad

LBFGS calls the closure several times at new weights. A closure that returns an old loss gives it old gradients: the
line search works on nothing.

## Example

```python
optimizer = torch.optim.LBFGS(model.parameters())
for step in range(20):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    optimizer.step(lambda: loss)
```

## Use instead

```python
optimizer = torch.optim.LBFGS(model.parameters())
for step in range(20):
    def closure():
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        return loss
    optimizer.step(closure)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.source import Source


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("step"):
        if event.name != "closure" or event.recv is None or event.recv.name != "LBFGS":
            continue
        func = event.args[0] if event.args else None
        if func is None or func.owner is None:
            continue
        inside = [b for b in p.all("backward") if any(f is func.owner for f in b.funcs)]
        if inside and event.recv.number(2, "max_iter") != 1:
            yield from _made_before(p, event, inside)
        if inside or not p.all("backward") or any(q.same(s.recv, event.recv) for s in p.all("scaler_step")):
            continue
        yield p.report(
            "SB192",
            event,
            "the closure of LBFGS does not call backward(): it returns a stale loss with stale gradients",
            why="LBFGS evaluates the closure several times per step, at other weights each time",
            fix="Let the closure do zero_grad(), the forward pass and loss.backward(), and return the loss",
        )


def _made_before(p: Program, step: Event, inside: list[Event]) -> Iterator[Finding]:
    """A closure that calls backward() on a loss from outside: every evaluation sees the same number."""
    owner = step.args[0].owner
    read = [e for e in p.events if any(f is owner for f in e.funcs)]
    bodies = {id(f.node): (f.node, f.src) for e in read for f in e.funcs[e.funcs.index(owner) :]}
    for back in inside:
        loss = back.recv
        if loss is None or loss.kind != "tensor" or loss.node is None or loss.src is None:
            continue
        if any(_stands_in(loss.node, loss.src, *body) for body in bodies.values()):
            continue
        yield p.report(
            "SB192",
            loss,
            f"the loss is computed once, outside the closure of LBFGS: {owner.name}() returns the same stale loss in "
            "every evaluation",
            why="LBFGS evaluates the closure several times per step, at other weights each time; here loss and "
            "gradients stay those of the first weights, so the line it searches and the curvature mean nothing",
            fix="Compute the loss inside the closure, after zero_grad()",
            related=((str(back.src.path), back.line, "backward() in the closure"),),
        )
        return


def _stands_in(node: ast.AST, src: Source, body: ast.AST, home: Source) -> bool:
    low, high = getattr(body, "lineno", 0), getattr(body, "end_lineno", 0) or 0
    return src is home and low <= getattr(node, "lineno", 0) <= high
