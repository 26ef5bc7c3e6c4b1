"""The slices of hand-made batches do not walk over the data.

## What it does

Finds batches cut by hand whose start is the number of the batch, not its first row, and slices whose end does not move.

## Why is this bad

`x[i : i + size]` with `i` counting batches moves by one row: most of the data is never seen.

## Example

```python
for epoch in range(5):
    for i in range(len(x) // batch_size):
        xb, yb = x[i : i + batch_size], y[i : i + batch_size]
        optimizer.zero_grad()
        F.cross_entropy(model(xb), yb).backward()
        optimizer.step()
```

## Use instead

```python
for epoch in range(5):
    for i in range(0, len(x), batch_size):
        xb, yb = x[i : i + batch_size], y[i : i + batch_size]
        optimizer.zero_grad()
        F.cross_entropy(model(xb), yb).backward()
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

_Loop = ast.For | ast.ListComp | ast.GeneratorExp


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for loop in q.nodes(p, ast.For, ast.ListComp, ast.GeneratorExp):
        loop, body = _parts(loop)
        if not isinstance(loop.target, ast.Name) or not isinstance(loop.iter, ast.Call):
            continue
        if syntax.text(loop.iter.func) not in ("range", "trange") or _rebound(loop.target.id, body):
            continue
        ends = loop.iter.args
        size = _size(p, ends[-1]) if len(ends) == 1 or (len(ends) == 2 and syntax.text(ends[0]) == "0") else ""
        step = syntax.text(ends[2]) if len(ends) == 3 else ""
        place, why = _wrong(loop.target.id, body, size, step)
        if place is not None:
            yield p.report(
                "SB462",
                (place, p.source),
                f"the batch slice {syntax.text(place)} does not walk over the data: {why}",
                why="the batches overlap or are empty, and most samples are never used (skipped data)",
                fix=f"Let the loop count rows: for {loop.target.id} in range(0, len(x), {size or step})",
            )


def _parts(loop: _Loop) -> tuple[ast.For | ast.comprehension, list[ast.AST]]:
    """What counts, and what is done in each round: ``[x[i : i + n] for i in range(k)]`` is a loop too."""
    if isinstance(loop, ast.For):
        return loop, list(loop.body)
    first = loop.generators[0]
    return first, [loop.elt, *first.ifs, *loop.generators[1:]]


def _wrong(name: str, body: list[ast.AST], size: str, step: str) -> tuple[ast.Subscript | None, str]:
    for node in (n for s in body for n in syntax.walk(s)):
        if not isinstance(node, ast.Subscript):
            continue
        cut = node.slice
        if not isinstance(cut, ast.Slice) or not isinstance(cut.lower, ast.Name) or cut.lower.id != name:
            continue
        if size and isinstance(cut.upper, ast.BinOp) and isinstance(cut.upper.op, ast.Add):
            parts = {syntax.text(cut.upper.left), syntax.text(cut.upper.right)}
            if parts == {name, size}:
                return node, f"{name} counts batches, so every batch starts only one row after the last one"
        if step not in ("", "1") and cut.upper is not None and syntax.text(cut.upper) == step:
            return node, f"its end stays at {step}, so all slices after the first are empty"
    return None, ""


def _size(p: Program, count: ast.expr, depth: int = 0) -> str:
    """What the number of rows is divided by, when ``count`` is a number of batches."""
    if isinstance(count, ast.Name) and depth < 3:
        made = [
            n.value
            for n in q.nodes(p, ast.Assign)
            if len(n.targets) == 1 and isinstance(n.targets[0], ast.Name) and n.targets[0].id == count.id
        ]
        return _size(p, made[0], depth + 1) if len(made) == 1 else ""
    if isinstance(count, ast.Call) and count.args:
        name = syntax.text(count.func).rsplit(".", 1)[-1]
        return _size(p, count.args[0], depth + 1) if name in ("int", "ceil", "floor") else ""
    if isinstance(count, ast.BinOp) and isinstance(count.op, (ast.FloorDiv, ast.Div)):
        return syntax.text(count.right)
    return ""


def _rebound(name: str, body: list[ast.AST]) -> bool:
    """Whether the body changes the counter itself, as in ``i = i * size``."""
    return any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for s in body for n in syntax.walk(s)
    )
