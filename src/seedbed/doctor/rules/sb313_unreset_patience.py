"""The early-stopping counter is never reset.

## What it does

Finds early stopping whose counter is never reset when the score improves.

## Why is this bad

Training stops after that many bad epochs in total, not in a row.

## Example

```python
best, bad_epochs = float("inf"), 0
for epoch in range(100):
    val_loss = evaluate_epoch(model)
    if val_loss < best:
        best = val_loss
    else:
        bad_epochs += 1
    if bad_epochs >= 5:
        break
```

## Use instead

```python
best, bad_epochs = float("inf"), 0
for epoch in range(100):
    val_loss = evaluate_epoch(model)
    if val_loss < best:
        best = val_loss
        bad_epochs = 0
    else:
        bad_epochs += 1
    if bad_epochs >= 5:
        break
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
    for node in q.nodes(p, ast.If):
        if not node.orelse or not isinstance(node.test, (ast.Compare, ast.BoolOp)):
            continue
        counters = [
            syntax.text(a.target)
            for s in node.orelse
            for a in syntax.walk(s)
            if isinstance(a, ast.AugAssign)
            and isinstance(a.op, ast.Add)
            and isinstance(a.value, ast.Constant)
            and a.value.value == 1
        ]
        if not counters or not any(
            isinstance(a, ast.Assign) and "best" in syntax.text(a.targets[0]).lower()
            for s in node.body
            for a in syntax.walk(s)
        ):
            continue
        reset = {
            syntax.text(t)
            for s in node.body
            for a in syntax.walk(s)
            if isinstance(a, ast.Assign)
            for target in a.targets
            for t in (target.elts if isinstance(target, ast.Tuple) else [target])
        }
        for counter in counters:
            stops = [
                c
                for c in q.nodes(p, ast.If)
                if isinstance(c.test, ast.Compare)
                and counter in syntax.text(c.test)
                and any(
                    isinstance(b, (ast.Break, ast.Return, ast.Raise)) or "stop" in syntax.text(b).lower()
                    for b in syntax.walk(c)
                )
            ]
            if counter in reset or not stops:
                continue
            yield p.report(
                "SB313",
                (node, p.source),
                f"the early-stopping counter {counter} is never reset when the score improves",
                why="it counts all bad epochs of the run instead of bad epochs in a row, so training stops too early",
                fix=f"Set {counter} = 0 where the best score is updated",
            )
