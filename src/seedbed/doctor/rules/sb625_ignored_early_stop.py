"""Early stopping counts, but nothing ever looks at its answer.

## What it does

Finds objects that decide when to stop, whose answer (a returned value or a flag) nobody reads.

## Why is this bad

Training always runs to the last epoch, as if there were no early stopping.

## Example

```python
class EarlyStopping:
    def __init__(self, patience):
        self.patience, self.count, self.best = patience, 0, 1e9
    def step(self, value):
        if value < self.best:
            self.best, self.count = value, 0
        else:
            self.count += 1
        return self.count >= self.patience
stopper = EarlyStopping(5)
for epoch in range(100):
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    stopper.step(loss.item())
```

## Use instead

```python
class EarlyStopping:
    def __init__(self, patience):
        self.patience, self.count, self.best = patience, 0, 1e9
    def step(self, value):
        if value < self.best:
            self.best, self.count = value, 0
        else:
            self.count += 1
        return self.count >= self.patience
stopper = EarlyStopping(5)
for epoch in range(100):
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    if stopper.step(loss.item()):
        break
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program

_PATIENCE = re.compile(r"patience|tolerance|wait|early", re.I)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or not p.trains:
        return
    yield from _unread_flag(p)
    seen: set[int] = set()
    for event in p.all("invoke"):
        func = event.recv.owner if event.recv is not None else None
        node = func.node if func is not None else None
        if func is None or getattr(func, "owner", None) is None or not event.loops or id(node) in seen:
            continue
        if not isinstance(node, ast.FunctionDef) or not _PATIENCE.search(syntax.text(node)) or not _counts(node):
            continue
        seen.add(id(node))
        if not any(b.loops and b.loops[0] is event.loops[0] for b in p.all("backward")):
            continue
        returns = [n for n in syntax.walk(node) if isinstance(n, ast.Return) and n.value is not None]
        flags = _flags(func.owner.node)
        if flags and not any(_is_read(p, flag, node) for flag in flags) and not returns:
            yield _report(p, event, f"its flag {flags[0]} is set but never read")
        elif returns and all(_truth(r.value) for r in returns) and not flags and _dropped(p, node.name, event):
            yield _report(p, event, f"the result of {node.name}() is thrown away")


def _unread_flag(p: Program) -> Iterator[Finding]:
    """``stop = True`` when patience is over, and nothing reads it."""
    loops = {id(r.node): r.node for b in p.all("backward") for r in b.loops}
    for loop in loops.values():
        for branch in (n for n in syntax.walk(loop) if isinstance(n, ast.If)):
            last = branch.body[-1]
            target = last.targets[0] if isinstance(last, ast.Assign) else None
            value = last.value if isinstance(last, ast.Assign) else None
            if not isinstance(target, ast.Name) or not re.search("stop|done|finish", target.id):
                continue
            if not isinstance(value, ast.Constant) or value.value is not True:
                continue
            if any(n.id == target.id and isinstance(n.ctx, ast.Load) for n in q.everywhere(p, ast.Name)):
                continue
            if any(target.id in n.names for n in q.everywhere(p, ast.Global, ast.Nonlocal)):
                continue
            yield p.report(
                "SB625",
                (last, p.source),
                f"early stopping never stops: its flag {target.id} is set but never read, so the loop is not left "
                "(no break)",
                why="patience is counted, but training runs to the last epoch whatever happens",
                fix=f"Leave the loop: if {target.id}: break",
            )
            return


def _report(p: Program, event: Event, how: str) -> Finding:
    return p.report(
        "SB625",
        event,
        f"early stopping never stops: {how}, so the loop is not left (no break)",
        why="patience is counted, but training runs to the last epoch whatever happens",
        fix="Leave the loop: if stopper.step(value): break (or read its flag)",
    )


def _counts(node: ast.FunctionDef) -> bool:
    """Whether a method counts up."""
    return any(isinstance(n, ast.AugAssign) and isinstance(n.op, ast.Add) for n in syntax.walk(node))


def _flags(cls: ast.AST) -> list[str]:
    """Attributes of a class that are set to True somewhere: ``self.early_stop = True``."""
    return [
        t.attr
        for n in syntax.walk(cls)
        if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant) and n.value.value is True
        for t in n.targets
        if isinstance(t, ast.Attribute) and re.search("stop|done|finish", t.attr)
    ]


def _is_read(p: Program, flag: str, inside: ast.AST) -> bool:
    return any(n.attr == flag and isinstance(n.ctx, ast.Load) for n in q.everywhere(p, ast.Attribute))


def _truth(value: Any) -> bool:
    """Whether a returned value is a yes or no."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, bool)
    return isinstance(value, (ast.Compare, ast.BoolOp)) or (
        isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    )


def _dropped(p: Program, name: str, event: Event) -> bool:
    """Whether every call of the method stands alone as a statement."""
    calls = [
        n
        for n in q.nodes(p, ast.Call)
        if (isinstance(n.func, ast.Attribute) and n.func.attr == name) or n is event.node
    ]
    alone = {id(n.value) for n in q.nodes(p, ast.Expr)}
    return (
        any(n is event.node for n in calls)
        and id(event.node) in alone
        and all(
            id(n) in alone for n in calls if syntax.text(n.func) == syntax.text(getattr(event.node, "func", n.func))
        )
    )
