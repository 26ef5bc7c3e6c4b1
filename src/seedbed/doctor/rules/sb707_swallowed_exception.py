"""Errors in the training step are swallowed.

## What it does

Finds `except: pass` (or continue) around a training step.

## Why is this bad

Every error is hidden: batches are skipped, and the model may learn nothing at all.

## Example

```python
for x, y in loader:
    try:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    except Exception:
        continue
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
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
    for node in q.nodes(p, ast.Try):
        inside = {id(n) for s in node.body for n in syntax.walk(s)}
        trains = any(id(e.node) in inside for e in p.all("backward", "step", "forward"))
        if not trains:
            continue
        for handler in node.handlers:
            kind = syntax.text(handler.type) if handler.type is not None else ""
            broad = kind in ("", "Exception", "BaseException", "RuntimeError", "ValueError")
            quiet = all(
                isinstance(s, (ast.Pass, ast.Continue))
                or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
                for s in handler.body
            )
            if broad and quiet:
                yield p.report(
                    "SB707",
                    (handler, p.source),
                    "errors in the training step are swallowed: except with pass or continue hides them",
                    why="failing batches are skipped in silence; if all fail, nothing is trained",
                    fix="Remove the try, or catch one expected error and log it",
                )
