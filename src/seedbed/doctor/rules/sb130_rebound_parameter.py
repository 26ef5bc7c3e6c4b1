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

_GIVEN = re.compile(r"\.(named_)?(parameters|buffers)\(\)$|\.state_dict\(\)\.(values|items)\(\)$")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("assign"):
        val = event.result
        if val is None or val.kind != "tensor" or val.name not in ("sub", "add") or not event.loops:
            continue
        loop = event.loops[-1]
        target = getattr(loop.node, "target", None)
        names = {n.id for n in syntax.walk(target) if isinstance(n, ast.Name)} if target is not None else set()
        over = loop.over
        if (
            event.name not in names
            or over is None
            or not any(v.kind == "params" or "leaf" in v.tags for v in ancestors(over))
        ):
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
        names = _parameters(loop)
        if not names:
            continue
        for index, stmt in enumerate(loop.body):
            if not isinstance(stmt, ast.Assign) or len(stmt.targets) != 1 or not isinstance(stmt.targets[0], ast.Name):
                continue
            name = stmt.targets[0].id
            later = [n for s in loop.body[index + 1 :] for n in syntax.walk(s) if isinstance(n, ast.Name)]
            told = name in names and isinstance(stmt.value, (ast.BinOp, ast.Call))
            if not told or any(n.id == name for n in later) or "grad" in syntax.text(stmt.value):
                continue
            yield p.report(
                "SB130",
                (stmt, p.source),
                f"{name} = ... makes a new tensor: the model's parameter is not changed",
                why="the assignment only rebinds the loop variable, so the initialisation (or update, or moving "
                "average) has no effect",
                fix=f"Change it in place under torch.no_grad(): {name}.copy_(...), {name}.mul_(...) or "
                f"nn.init...({name})",
            )


def _parameters(loop: ast.For) -> set[str]:
    """The names in a loop's target that hold parameters: of one call of parameters(), or of several in zip()."""
    target, over = loop.target, loop.iter
    wrapped = isinstance(over, ast.Call) and syntax.text(over.func) in ("zip", "enumerate", "tqdm")
    if wrapped and isinstance(over, ast.Call) and syntax.text(over.func) == "zip" and isinstance(target, ast.Tuple):
        pairs = list(zip(target.elts, over.args, strict=False))
    elif wrapped and isinstance(over, ast.Call) and isinstance(target, ast.Tuple) and over.args:
        pairs = [(target.elts[-1], over.args[0])]
    else:
        pairs = [(target, over)]
    found = set()
    for part, source in pairs:
        if _GIVEN.search(syntax.text(source)):
            last = part.elts[-1] if isinstance(part, ast.Tuple) else part
            found |= {last.id} if isinstance(last, ast.Name) else set()
    return found
