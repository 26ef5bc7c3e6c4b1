"""Forward() computes something that its output does not use.

## What it does

Finds values that `forward()` computes from layers and then does not use.

## Why is this bad

A step of the network (an activation, a dropout, a whole layer) is silently skipped.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.b = nn.Linear(8, 3)

    def forward(self, x):
        h = self.a(x)
        act = torch.relu(h)
        return self.b(h)
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.b = nn.Linear(8, 3)

    def forward(self, x):
        h = self.a(x)
        act = torch.relu(h)
        return self.b(act)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        if cls.base != "module" or cls.src is not p.source:
            continue
        method = cls.scope.vars.get("forward")
        if method is None or method.kind != "func":
            continue
        body = method.owner.node
        loads = [n.id for n in ast.walk(body) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
        for node in body.body:
            if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
                continue
            name = node.targets[0].id
            later = [
                n
                for s in body.body
                if s.lineno > node.lineno
                for n in ast.walk(s)
                if isinstance(n, ast.Name) and n.id == name
            ]
            read = [n for n in later if isinstance(n.ctx, ast.Load)]
            if name.startswith("_") or not isinstance(node.value, ast.Call) or "locals" in loads:
                continue
            text = ast.unparse(node.value.func)
            layer = text.startswith(("self.", "F.", "torch.relu", "torch.tanh", "torch.sigmoid", "nn.functional"))
            first_store = next((n for n in sorted(later, key=lambda n: n.lineno)), None)
            overwritten = (
                first_store is not None
                and isinstance(first_store.ctx, ast.Store)
                and not any(n.lineno == first_store.lineno for n in read)
            )
            if layer and (not read or overwritten):
                yield p.report(
                    "SB529",
                    (node, cls.src),
                    f"forward() computes {name} = {text}(...) but never uses it",
                    why="this step of the network has no influence on the output",
                    fix=f"Use {name} in what follows, or delete the line",
                )
