"""The schedule is stepped only when the score has improved.

## What it does

Finds a ``scheduler.step()`` of a schedule that counts its calls inside the branch that keeps the best score.

## Why is this bad

The schedule advances only in lucky epochs: the learning rate stays high for the rest of them, and where it ends is
chance.

## Example

```python
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=30)
best = float("inf")
for epoch in range(30):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    score = evaluate(model)
    if score < best:
        best = score
        scheduler.step()
```

## Use instead

```python
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=30)
best = float("inf")
for epoch in range(30):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    score = evaluate(model)
    if score < best:
        best = score
    scheduler.step()
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
    calls = p.all("schedule")
    seen: set[int] = set()
    for event in calls:
        made = event.recv
        if made is None or made.kind != "scheduler" or made.name == "ReduceLROnPlateau" or not event.loops:
            continue
        if id(event.node) in seen or not any(_improves(p, c[0], c[1]) for c in event.conds_in(event.loops[-1])):
            continue
        if any(q.alike(e.recv, made) and e.node is not event.node for e in calls):
            continue  # it is stepped elsewhere too
        seen.add(id(event.node))
        yield p.report(
            "SB159",
            event,
            f"scheduler.step() of {made.name} runs only in epochs in which the score has improved",
            why="the schedule counts its calls, so the learning rate does not follow the epochs: it stays (almost) "
            "constant as soon as nothing improves",
            fix="Call scheduler.step() in every epoch, outside the branch (ReduceLROnPlateau is made for scores)",
        )


def _improves(p: Program, node: ast.AST, arm: int) -> bool:
    """Whether a branch is the one that keeps a new best score: what it compares with is set in it."""
    if not isinstance(node, ast.If) or arm != 0:
        return False
    test: ast.expr = node.test
    if isinstance(test, ast.Name):  # is_best = score > best
        named = [a for a in p.nodes(ast.Assign) if len(a.targets) == 1 and syntax.text(a.targets[0]) == test.id]
        test = named[0].value if len(named) == 1 else test
    if not isinstance(test, ast.Compare):
        return False
    sides = {syntax.text(s) for s in (test.left, *test.comparators)}
    targets = [t for s in node.body if isinstance(s, ast.Assign) for t in s.targets]
    kept = {syntax.text(t) for t in targets}
    ordered = isinstance(test.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE))
    return ordered and any(s in kept and ("best" in s or "min" in s or "max" in s) for s in sides)
