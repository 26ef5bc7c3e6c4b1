"""A hand-written update makes a new tensor instead of changing the parameter.

## What it does

Finds hand-written updates that bind a name to a new tensor instead of changing the parameter.

## Why is this bad

`p = p - lr * p.grad` makes a new tensor. The model keeps the old one.

## Example

```python
for x, y in loader:
    model.zero_grad()
    loss_fn(model(x), y).backward()
    with torch.no_grad():
        for p in model.parameters():
            p = p - 0.1 * p.grad
```

## Use instead

```python
for x, y in loader:
    model.zero_grad()
    loss_fn(model(x), y).backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.1 * p.grad
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("assign"):
        val = event.result
        if val is None or val.kind != "tensor" or val.name not in ("sub", "add") or not event.loops:
            continue
        loop = event.loops[-1]
        target = getattr(loop.node, "target", None)
        names = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)} if target is not None else set()
        over = loop.over
        if event.name not in names or over is None or not any(v.kind == "params" for v in ancestors(over)):
            continue
        if isinstance(event.node, ast.Name) and any(e.kind == "augment" and e.result is val for e in p.all("augment")):
            continue
        if any(v.name == "grad" for v in ancestors(val)):
            yield p.report(
                "SB130",
                event,
                f"{event.name} = ... makes a new tensor: the model's parameter is not changed",
                why="the assignment only rebinds the loop variable; the weights of the model stay as they are",
                fix=f"Change it in place under torch.no_grad(): {event.name} -= lr * {event.name}.grad",
            )
    yield from _initialised(p)


def _initialised(p: Program) -> Iterator[Finding]:
    """``for w in model.parameters(): w = torch.randn_like(w)``: only the name gets a new tensor."""
    for loop in q.nodes(p, ast.For):
        if not re.search(r"\.(named_)?parameters\(\)", syntax.text(loop.iter)):
            continue
        names = [n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)]
        for index, stmt in enumerate(loop.body):
            if not isinstance(stmt, ast.Assign) or len(stmt.targets) != 1 or not isinstance(stmt.targets[0], ast.Name):
                continue
            name = stmt.targets[0].id
            later = [n for s in loop.body[index + 1 :] for n in syntax.walk(s) if isinstance(n, ast.Name)]
            if name != names[-1] or any(n.id == name for n in later) or "grad" in syntax.text(stmt.value):
                continue
            yield p.report(
                "SB130",
                (stmt, p.source),
                f"{name} = ... makes a new tensor: the model's parameter is not changed",
                why="the assignment only rebinds the loop variable, so the initialisation (or update) has no effect",
                fix=f"Change it in place under torch.no_grad(): {name}.copy_(...) or nn.init...({name})",
            )
