"""A changed gradient is bound to a name and never written back.

## What it does

Finds gradients that are clipped, scaled or repaired out of place, where nothing uses the result.

## Why is this bad

`g = torch.clamp(p.grad, -1, 1)` makes a new tensor. The optimizer reads `p.grad`, which is unchanged.

## Example

```python
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    for p in model.parameters():
        g = torch.clamp(p.grad, -1, 1)
    optimizer.step()
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    for p in model.parameters():
        p.grad.clamp_(-1, 1)
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, uses_gradient

_CHANGES = frozenset(("clamp", "clip", "mul", "div", "nan_to_num", "where", "masked_fill", "add", "sub", "maximum"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    steps = p.all("step", "backward")
    if not p.all("backward"):
        return
    used: set[int] | None = None
    for event in p.once("assign"):
        val = event.result
        if val is None or not _changed(val) or not any(s.seq > event.seq for s in steps):
            continue
        if used is None:
            used = {id(v) for e in p.events if e.kind != "assign" for v in (e.recv, *e.args, *e.kwargs.values()) if v}
            used |= {id(e.result) for e in p.all("return", "augment") if e.result is not None}
        if id(val) in used or q.users(p, val) or _read_later(event):
            continue
        if val.name in ("sub", "add") and any(v.name in ("parameter", "leaf") or "leaf" in v.tags for v in val.args):
            yield p.report(
                "SB185",
                event,
                f"{event.name} is a new tensor that nothing uses: the parameter itself is not updated (no effect)",
                why="the update is out of place, so the weights stay as they were",
                fix="Update in place under torch.no_grad(): w -= lr * w.grad",
            )
            continue
        yield p.report(
            "SB185",
            event,
            f"{event.name} is a changed copy of the gradient that nothing uses: p.grad stays as it was (no effect)",
            why="the operation is out of place; optimizer.step() reads p.grad, not this new tensor",
            fix="Change it in place: p.grad.clamp_(...), p.grad.mul_(...) or p.grad.copy_(...)",
        )


def _changed(val: Val) -> bool:
    if val.name == "comprehension" and val.kind == "list" and val.items:
        val = val.items[0]
    return val.kind == "tensor" and val.name in _CHANGES and val.shape != () and uses_gradient(val)


def _read_later(event: Event) -> bool:
    """Whether the name is read below the line in its file: for what the interpreter cannot see."""
    table, name = event.src.by_type(), event.name
    below = [n for n in table.get(ast.Name, ()) if isinstance(n, ast.Name) and n.lineno > event.line]
    outer = [n for kind in (ast.Nonlocal, ast.Global) for n in table.get(kind, ())]
    return any(n.id == name and isinstance(n.ctx, ast.Load) for n in below) or any(
        name in syntax.text(n) for n in outer
    )
