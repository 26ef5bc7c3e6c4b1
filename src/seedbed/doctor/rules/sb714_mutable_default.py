"""A list or dict as a default argument is shared between calls.

## What it does

Finds lists and dicts as default arguments that the function changes.

## Why is this bad

The default is made once. Each call goes on with what earlier calls left in it.

## Example

```python
def run(lr, history=[]):
    history.append(lr * torch.rand(()).item())
    return history
```

## Use instead

```python
def run(lr, history=None):
    history = [] if history is None else history
    history.append(lr * torch.rand(()).item())
    return history
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for node in q.nodes(p, ast.FunctionDef):
        spec = node.args
        names = [*spec.posonlyargs, *spec.args]
        pairs = list(zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=False)) + list(
            zip(spec.kwonlyargs, spec.kw_defaults, strict=False)
        )
        for arg, default in pairs:
            empty = isinstance(default, (ast.List, ast.Dict, ast.Set)) or (
                isinstance(default, ast.Call) and syntax.text(default.func) in ("list", "dict", "set")
            )
            if not empty:
                continue
            for inner in syntax.walk(node):
                grown = (
                    isinstance(inner, ast.Call)
                    and isinstance(inner.func, ast.Attribute)
                    and inner.func.attr in ("append", "extend", "update", "add", "setdefault", "insert")
                    and syntax.text(inner.func.value) == arg.arg
                )
                stored = isinstance(inner, ast.Assign) and any(
                    isinstance(t, ast.Subscript) and syntax.text(t.value) == arg.arg for t in inner.targets
                )
                if grown or stored:
                    yield p.report(
                        "SB714",
                        (node, p.source),
                        f"{arg.arg} is a mutable default argument: it is shared between calls",
                        why="the default list is made once, so each call goes on with the values of earlier calls",
                        fix=f"Use {arg.arg}=None and create it inside the function",
                    )
                    break
