"""Early stopping counts the wrong epochs.

## What it does

Finds a patience counter that grows on improvement, a margin with the wrong sign, and a stop that follows the training
loss although a validation loss is measured.

## Why is this bad

Training stops while the model still improves, or never: a worse score within the margin counts as better.

## Example

```python
best, waited = float("inf"), 0
for epoch in range(100):
    val_loss = evaluate(model)
    if val_loss < best:
        best, waited = val_loss, waited + 1
    else:
        waited = 0
    if waited > 5:
        break
```

## Use instead

```python
best, waited = float("inf"), 0
for epoch in range(100):
    val_loss = evaluate(model)
    if val_loss < best:
        best, waited = val_loss, 0
    else:
        waited += 1
    if waited > 5:
        break
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_MARGIN = frozenset(["delta", "tol", "tolerance", "eps", "epsilon", "margin", "threshold"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for node in q.nodes(p, ast.If):
        test = _comparison(node.test)
        if test is None:
            continue
        stored = _stored(node.body)
        pair = next(
            ((v, t) for t, v in stored.items() if v and v in syntax.text(test) and t in syntax.text(test)), None
        )
        if pair is None:
            continue
        score, best = pair
        yield from _counters(p, node, score)
        yield from _margin(p, test, score, best)


def _comparison(test: ast.expr) -> ast.Compare | None:
    for part in test.values if isinstance(test, ast.BoolOp) else [test]:
        ops = part.ops if isinstance(part, ast.Compare) else []
        if isinstance(part, ast.Compare) and len(ops) == 1 and isinstance(ops[0], (ast.Lt, ast.Gt, ast.LtE, ast.GtE)):
            return part
    return None


def _stored(body: list[ast.stmt]) -> dict[str, str]:
    """Names that a branch assigns, with what they get."""
    found: dict[str, str] = {}
    for a in body:
        if isinstance(a, ast.Assign):
            for target in a.targets:
                if isinstance(target, ast.Tuple) and isinstance(a.value, ast.Tuple):
                    found |= {syntax.text(t): syntax.text(v) for t, v in zip(target.elts, a.value.elts, strict=False)}
                else:
                    found[syntax.text(target)] = syntax.text(a.value)
    return found


def _counters(p: Program, node: ast.If, score: str) -> Iterator[Finding]:
    """A counter that grows with every improvement and is set to zero without one."""
    for name in _grown(node.body):
        if _stored(node.orelse).get(name) != "0" or not _stops(p, name):
            continue
        yield p.report(
            "SB620",
            (node, p.source),
            f"the early-stopping (patience) counter {name} grows when {score} improves and is reset when it does not",
            why="it counts improvements in a row, so training stops while the model still gets better",
            fix=f"Reset {name} = 0 on improvement and count it up in the else branch",
        )


def _grown(body: list[ast.stmt]) -> list[str]:
    found = [syntax.text(a.target) for a in body if isinstance(a, ast.AugAssign) and isinstance(a.op, ast.Add)]
    return found + [n for n, v in _stored(body).items() if re.fullmatch(re.escape(n) + r" \+ 1", v)]


def _stops(p: Program, name: str) -> bool:
    for n in q.nodes(p, ast.If):
        ends = any(isinstance(b, (ast.Break, ast.Return)) for s in n.body for b in syntax.walk(s))
        if ends and name in syntax.text(n.test):
            return True
    return any(n.value is not None and name in syntax.text(n.value) for n in q.nodes(p, ast.Return))


def _margin(p: Program, test: ast.Compare, score: str, best: str) -> Iterator[Finding]:
    """``loss < best + min_delta``: a worse score counts as an improvement."""
    left, right = syntax.text(test.left), syntax.text(test.comparators[0])
    other: Any = test.comparators[0] if left == score else test.left if right == score else None
    smaller = isinstance(test.ops[0], (ast.Lt, ast.LtE)) is (left == score)
    if not isinstance(other, ast.BinOp) or not isinstance(other.op, (ast.Add, ast.Sub)):
        return
    margin = other.right if syntax.text(other.left) == best else None
    if margin is None or not set(words(syntax.text(margin).replace(".", "_"))) & _MARGIN:
        return
    if isinstance(other.op, ast.Add) is smaller:
        sign = "-" if smaller else "+"
        yield p.report(
            "SB620",
            (test, p.source),
            f"the margin of early stopping has the wrong sign: {syntax.text(test)} also holds for a worse {score}",
            why=f"with it {best} can be replaced by a worse score, and the patience counter is reset again and again",
            fix=f"Write {syntax.text(other).replace(' + ', f' {sign} ').replace(' - ', f' {sign} ')}",
        )
