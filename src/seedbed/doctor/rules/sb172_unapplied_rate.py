"""A learning rate is changed in a variable that the optimizer does not see.

## What it does

Finds a learning rate that is decayed in a loop as a plain number, while the optimizer keeps its own.

## Why is this bad

The optimizer copied the number when it was made. The decay is printed perhaps, but it is never used.

## Example

```python
lr = 0.1
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=lr)
for epoch in range(30):
    lr = lr * 0.95
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
lr = 0.1
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=lr)
for epoch in range(30):
    lr = lr * 0.95
    for group in optimizer.param_groups:
        group["lr"] = lr
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program

_SHOWS = (
    "print",
    "append",
    "format",
    "write",
    "info",
    "debug",
    "log",
    "add_scalar",
    "round",
    "set_postfix",
    "set_description",
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete:
        return
    for event, optimizer, _ in ownership.optimizers(p):
        call = event.node
        if not isinstance(call, ast.Call) or event.src is not p.source:
            continue
        given = next((k.value for k in call.keywords if k.arg == "lr"), call.args[1] if len(call.args) > 1 else None)
        if not isinstance(given, (ast.Name, ast.Attribute)):
            continue
        name = syntax.text(given)
        for change in _changes(p, name):
            if (
                change in syntax.walk(call)
                or _used(p, name, change, call)
                or (event.loops and _around(p, change, call))
            ):
                continue
            yield p.report(
                "SB172",
                (change, p.source),
                f"the learning rate is changed in {name}, but never set in the optimizer: it has no effect",
                why=f"{optimizer.name} copied the number at line {event.line} and keeps it to the end",
                fix=f'Set it: for group in optimizer.param_groups: group["lr"] = {name} (or use a scheduler)',
                related=((str(event.src.path), event.line, "the optimizer"),),
            )
            break


def _changes(p: Program, name: str) -> list[Any]:
    """Statements in loops that make a new value of the rate from the old one."""
    found: list[Any] = []
    for loop in q.nodes(p, ast.For, ast.While):
        for n in syntax.walk(loop):
            if isinstance(n, ast.AugAssign) and syntax.text(n.target) == name:
                found.append(n)
            elif isinstance(n, ast.Assign) and isinstance(n.value, ast.BinOp):
                found += [n for t in n.targets if syntax.text(t) == name]
    return found


def _used(p: Program, name: str, change: Any, call: ast.Call) -> bool:
    """Whether the rate is read for anything but showing it and changing it."""
    skip = {id(n) for n in [*syntax.walk(change), *syntax.walk(call)]}
    for n in q.nodes(p, ast.Call):
        if syntax.text(n.func).rsplit(".", 1)[-1] in _SHOWS:
            skip |= {id(x) for x in syntax.walk(n)}
    for n in q.nodes(p, ast.AugAssign, ast.Assign):
        targets = n.targets if isinstance(n, ast.Assign) else [n.target]
        if any(syntax.text(t) == name for t in targets):
            skip |= {id(x) for x in syntax.walk(n)}
    for n in q.nodes(p, ast.Name, ast.Attribute):
        if id(n) not in skip and isinstance(n.ctx, ast.Load) and syntax.text(n) == name:
            return True
    return False


def _around(p: Program, change: Any, call: ast.Call) -> bool:
    """Whether the optimizer is made again in the loop that changes the rate."""
    return any(change in syntax.walk(loop) and call in syntax.walk(loop) for loop in q.nodes(p, ast.For, ast.While))
