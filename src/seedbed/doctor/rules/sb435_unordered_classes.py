"""The order of classes or files depends on the run.

## What it does

Finds class numbers that come from the order of a `set`.

## Why is this bad

The order of a set of strings changes from run to run: saved models and new runs disagree about the classes.

## Example

```python
names = ["a", "b", "a"]
ids = {name: i for i, name in enumerate(set(names))}
labels = torch.tensor([ids[n] for n in names])
```

## Use instead

```python
names = ["a", "b", "a"]
ids = {name: i for i, name in enumerate(sorted(set(names)))}
labels = torch.tensor([ids[n] for n in names])
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
    sets = {n.targets[0].id for n in q.nodes(p, ast.Assign) if isinstance(n.targets[0], ast.Name) and _is_set(n.value)}
    for node in q.nodes(p, ast.Call):
        name = syntax.text(node.func)
        if name not in ("enumerate", "list", "tuple") or not node.args:
            continue
        inner = node.args[0]
        listed = (
            isinstance(inner, ast.Call) and syntax.text(inner.func) == "list" and inner.args and _is_set(inner.args[0])
        )
        direct = _is_set(inner) or listed or (isinstance(inner, ast.Name) and inner.id in sets)
        if name == "enumerate" and direct:
            yield p.report(
                "SB435",
                (node, p.source),
                "numbers are given in the order of a set, which changes from run to run (PYTHONHASHSEED)",
                why="the ids of classes or tokens differ between runs, so a saved model means other classes",
                fix="Sort first: enumerate(sorted(set(...)))",
            )


def _is_set(node: ast.AST) -> bool:
    if isinstance(node, (ast.Set, ast.SetComp)):
        return True
    return isinstance(node, ast.Call) and syntax.text(node.func) in ("set", "frozenset")
