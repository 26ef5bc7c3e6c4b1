"""A new learning rate is assigned where the optimizer never reads it.

## What it does

Finds a new learning rate that is assigned where the optimizer never reads it.

## Why is this bad

The optimizer keeps its rates in `param_groups`. Another attribute or a local variable changes nothing.

## Example

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    if epoch == 5:
        optimizer.lr = 0.01
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    if epoch == 5:
        for group in optimizer.param_groups:
            group["lr"] = 0.01
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import is_optimizer
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("attribute"):
        if event.name in ("lr", "learning_rate") and event.recv is not None:
            made = any(o.kind == "optimizer" and o.owner is None for o in event.recv.options())
            if made or (event.recv.kind == "unknown" and is_optimizer(event.recv.var)):
                yield _finding(p, event, f"optimizer.{event.name} is assigned, but the optimizer reads param_groups")
    for event in p.once("setitem"):
        if event.recv is not None and event.recv.name == "defaults" and event.args and event.args[0].const == "lr":
            yield _finding(p, event, "optimizer.defaults['lr'] is assigned, but the optimizer reads param_groups")
    yield from _variables(p)
    yield from _first_group(p)


def _finding(p: Program, event: Event, title: str) -> Finding:
    return p.report(
        "SB141",
        event,
        title + ": the learning rate does not change",
        why="only the value in optimizer.param_groups is used in step()",
        fix="Write: for group in optimizer.param_groups: group['lr'] = new_lr, or use a scheduler",
    )


def _first_group(p: Program) -> Iterator[Finding]:
    """Only ``param_groups[0]`` is set, but the optimizer has more groups."""
    writes = [e for e in p.all("setitem") if q.is_rate(e)]
    for event in writes:
        node = event.node
        if not isinstance(node, ast.Subscript) or not re.search(r"param_groups\[0\]$", syntax.text(node.value)):
            continue
        if any(
            not re.search(r"param_groups\[0\]$", syntax.text(w.node.value)) for w in writes if hasattr(w.node, "value")
        ):
            continue
        for made, optimizer, _ in ownership.optimizers(p):
            groups = optimizer.args[0] if optimizer.args else None
            many = (
                groups is not None
                and groups.kind == "list"
                and len([g for g in groups.items or [] if g.kind == "dict"])
            )
            if many > 1 and "each" not in (groups.tags if groups is not None else ()):
                yield p.report(
                    "SB141",
                    event,
                    f"only param_groups[0] gets the new learning rate, but the optimizer has {many} parameter groups",
                    why="the other groups keep the rate that they started with",
                    fix="Set it in every group: for group in optimizer.param_groups: group['lr'] = ...",
                    related=((str(made.src.path), made.line, "the optimizer"),),
                )
                return


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


def _variables(p: Program) -> Iterator[Finding]:
    """A rate that is decayed as a plain number, while the optimizer keeps its own."""
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
                "SB141",
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
    if "." in name and not found:  # in a method that is called in the loop
        methods = [f for f in q.nodes(p, ast.FunctionDef) if f.name != "__init__"]
        found = [
            n for f in methods for n in syntax.walk(f) if isinstance(n, ast.AugAssign) and syntax.text(n.target) == name
        ]
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
