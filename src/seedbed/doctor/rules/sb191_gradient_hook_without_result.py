"""A gradient hook computes a new gradient and does not return it.

## What it does

Finds functions for `register_hook` that change the gradient out of place and return nothing.

## Why is this bad

A hook that returns None leaves the gradient as it is: nothing is clipped, scaled or masked.

## Example

```python
model = nn.Linear(4, 3)
def clip(grad):
    grad = torch.clamp(grad, -1, 1)
for p in model.parameters():
    p.register_hook(clip)
```

## Use instead

```python
model = nn.Linear(4, 3)
def clip(grad):
    return torch.clamp(grad, -1, 1)
for p in model.parameters():
    p.register_hook(clip)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_PURE = frozenset(("clamp", "clip", "mul", "div", "add", "sub", "nan_to_num", "masked_fill", "where", "sign"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.calls("register_hook", "register_post_accumulate_grad_hook"):
        func = event.args[0] if event.args else None
        node = func.owner.node if func is not None and func.kind == "func" and func.owner is not None else None
        if not isinstance(node, ast.FunctionDef) or id(node) in seen or event.name.endswith("grad_hook"):
            continue
        names = [a.arg for a in node.args.args if a.arg != "self"]
        if not names or any(isinstance(n, ast.Return) and n.value is not None for n in syntax.walk(node)):
            continue
        lost = next((s for s in node.body if _lost(s, names[-1])), None)
        if lost is None:
            continue
        seen.add(id(node))
        yield p.report(
            "SB191",
            (lost, event.src),
            f"the gradient hook {node.name}() changes {names[-1]} out of place and returns nothing: it has no effect",
            why="a hook that returns None leaves the gradient as it is",
            fix="return the new gradient from the hook",
            related=((str(event.src.path), event.line, "register_hook"),),
        )


def _lost(stmt: ast.stmt, name: str) -> bool:
    """Whether a statement makes a new gradient that goes nowhere."""
    value: Any = None
    if (isinstance(stmt, ast.Assign) and [syntax.text(t) for t in stmt.targets] == [name]) or isinstance(
        stmt, ast.Expr
    ):
        value = stmt.value
    if isinstance(value, ast.BinOp):
        return name in syntax.text(value)
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr in _PURE
        and name in syntax.text(value)
    )
