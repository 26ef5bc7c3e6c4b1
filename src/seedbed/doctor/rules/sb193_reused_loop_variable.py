"""An inner loop overwrites the variable of the outer loop, which is read afterwards.

## What it does

Finds nested loops with the same variable, where the outer loop reads it after the inner one.

## Why is this bad

After the inner loop the variable holds the inner loop's last value: schedules, logs and file names use a wrong number.

## Example

```python
for i in range(10):
    for i, (x, y) in enumerate(loader):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    if i % 5 == 0:
        torch.save(model.state_dict(), f"epoch{i}.pt")
```

## Use instead

```python
for epoch in range(10):
    for i, (x, y) in enumerate(loader):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    if epoch % 5 == 0:
        torch.save(model.state_dict(), f"epoch{epoch}.pt")
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
    if not p.complete or not p.trains:
        return
    for outer in q.nodes(p, ast.For):
        names = _names(outer)
        for index, stmt in enumerate(outer.body):
            for inner in syntax.walk(stmt):
                if not isinstance(inner, ast.For) or inner is outer:
                    continue
                for name in names & _names(inner) - {"_"}:
                    read = _read(outer.body[index + 1 :], name)
                    if read is None or not isinstance(stmt, (ast.For, ast.With, ast.If)):
                        continue
                    yield p.report(
                        "SB193",
                        (inner, p.source),
                        f"the inner loop overwrites {name}, the loop variable of the outer loop (line {outer.lineno}), "
                        f"which is read after it at line {read.lineno}",
                        why=f"there {name} is the last value of the inner loop, not the round of the outer one",
                        fix="Give the two loops different names",
                        related=((str(p.source.path), read.lineno, "it is read here"),),
                    )


def _names(loop: ast.For) -> set[str]:
    return {n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)}


def _read(body: list[ast.stmt], name: str) -> ast.Name | None:
    """The first use of a name in statements, unless it is set before."""
    for stmt in body:
        names = [n for n in syntax.walk(stmt) if isinstance(n, ast.Name) and n.id == name]
        if any(isinstance(n.ctx, ast.Store) for n in names):
            return None
        if names:
            return names[0]
    return None
