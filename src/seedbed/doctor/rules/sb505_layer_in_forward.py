"""A layer is created in forward(): it is new and random in every call.

## What it does

Finds layers with weights that are created in `forward()`.

## Why is this bad

They are new and random in every call, and no optimizer knows them.

## Example

```python
class Net(nn.Module):
    def forward(self, x):
        return nn.Linear(4, 2)(x)
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(x)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_makers("module", "Parameter"):
        made = event.result
        if made is None or event.recv is not None or not event.depth or not event.funcs:
            continue
        if made.node is not event.node and syntax.text(getattr(event.node, "func", event.node)) == "getattr":
            continue  # it reads what was made before
        if not any(f.name == "forward" and f.owner is not None for f in event.funcs) or any(
            f.name == "__init__" for f in event.funcs
        ):
            continue
        layer = made.kind == "module" and (
            made.name.startswith(ownership.WEIGHTED)
            or made.name.startswith("BatchNorm")
            or made.name.startswith("Dropout")
        )
        if not layer and made.name != "Parameter":
            continue
        if _kept(p, event):
            continue
        drop = made.name.startswith("Dropout")
        yield p.report(
            "SB505",
            event,
            f"{made.name} is created in forward(): "
            + (
                "it is always in training mode, so dropout stays active in evaluation"
                if drop
                else "it is new and random in every call and never trained"
            ),
            why="model.eval() does not reach it"
            if drop
            else "its weights are not in model.parameters() and change with every call",
            fix="Create it in __init__ and call it in forward()",
        )


def _kept(p: Program, event: Event) -> bool:
    """Whether a layer is made in the first call only and stays: under a test whether the attribute is there yet."""
    names = [e.name for e in p.all("attribute") if e.args and _holds(e.args[0], event.result)]
    if not names:
        return False
    tests = [c[0].test for c in event.conds if isinstance(c[0], ast.If)]
    body = event.funcs[-1].node
    if not isinstance(body, ast.Lambda):  # a condition that the reader knows to hold opens no branch
        tests += [n.test for n in syntax.walk(body) if isinstance(n, ast.If) and _inside(n, event.node)]
    return bool(event.conds) or any(name in syntax.text(test) for test in tests for name in names)


def _holds(val: Val, part: Val | None) -> bool:
    """Whether it is the layer itself, or a Sequential that was made of it."""
    return val is part or any(v is part for v in (*(val.items or ()), *val.args))


def _inside(branch: ast.If, node: ast.AST) -> bool:
    return branch.lineno <= getattr(node, "lineno", 0) <= (branch.end_lineno or branch.lineno)
