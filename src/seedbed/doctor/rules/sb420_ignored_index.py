"""__getitem__ does not use its index, or __len__ is wrong.

## What it does

Finds a `__getitem__` that does not use its index for every part of the sample.

## Why is this bad

Every index gives the same sample (or the same label).

## Example

```python
from torch.utils.data import Dataset
class Rows(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        return self.x[i], self.y[0]
```

## Use instead

```python
from torch.utils.data import Dataset
class Rows(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        return self.x[i], self.y[i]
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        method = cls.scope.vars.get("__getitem__")
        if method is None or method.kind != "func" or cls.base != "dataset":
            continue
        node = method.owner.node
        if len(node.args.args) < 2:
            continue
        index = node.args.args[1].arg
        used = [n for s in node.body for n in ast.walk(s) if isinstance(n, ast.Name) and n.id == index]
        random = any(d.draws_random(n) for s in node.body for n in ast.walk(s) if isinstance(n, ast.expr))
        returns = any(isinstance(n, ast.Return) for s in node.body for n in ast.walk(s))
        if not used and not random and returns:
            yield _finding(p, (node, cls.src), f"{cls.name}.__getitem__ never uses its index {index}")
            continue
        for n in [n for s in node.body for n in ast.walk(s)]:
            if (
                isinstance(n, ast.Subscript)
                and isinstance(n.value, ast.Attribute)
                and isinstance(n.value.value, ast.Name)
                and n.value.value.id == node.args.args[0].arg
            ) and (
                isinstance(n.slice, ast.Constant)
                and isinstance(n.slice.value, int)
                and n.value.attr not in ("shape", "size")
            ):
                stored = [e for e in p.all("attribute") if e.name == n.value.attr and e.args]
                if (
                    stored
                    and any(o.kind in ("tensor", "unknown", "list") for o in stored[0].args[0].options())
                    and used
                    and set(words(n.value.attr))
                    & {
                        "y",
                        "labels",
                        "targets",
                        "label",
                        "target",
                        "x",
                        "data",
                        "images",
                        "inputs",
                        "samples",
                        "ys",
                        "xs",
                    }
                ):
                    yield _finding(p, (n, cls.src), f"{ast.unparse(n)} does not use the index {index}")


def _finding(p: Program, at: tuple[ast.AST, object], what: str) -> Finding:
    return p.report(
        "SB420",
        at,  # type: ignore[arg-type]
        f"the dataset ignores its index: {what}",
        why="every index gives the same value, so inputs and labels do not belong together",
        fix="Index every part with the index that __getitem__ gets",
    )
