"""The early-stopping counter is never reset.

## What it does

Finds early stopping whose counter is never reset when the score improves, or only where the score is compared with a
best that already holds it.

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
from functools import partial

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import early_best, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program

_Places = dict[str, ast.AST]


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for parent in q.nodes(p, ast.Module, ast.FunctionDef, ast.For, ast.While, ast.If, ast.With, ast.AsyncFunctionDef):
        for block in (parent.body, getattr(parent, "orelse", [])):
            for index, node in enumerate(block):
                if isinstance(node, ast.If):
                    yield from _judge(p, node, block[index + 1 :])
    for counter, at, late in early_best.counters(p):
        if _stops(p, counter):
            yield p.report(
                "SB313",
                at,
                f"the best score is updated before the patience check of line {late.line} compares the score with it: "
                f"the early-stopping counter {counter} is never reset",
                why="the score is compared with itself, so an improvement is never seen and every epoch counts as bad",
                fix=f"Compare first: update the best score in the branch that sets {counter} = 0",
                related=((str(late.src.path), late.line, "compared too late"),),
            )


def _judge(p: Program, node: ast.If, after: list[ast.stmt]) -> Iterator[Finding]:
    """One branch that keeps a better score and counts the rounds without one."""
    improved, worse = node.body, node.orelse
    if not worse and isinstance(improved[-1], (ast.Return, ast.Continue)):
        worse = after
    if not _counted(worse) and not _counted(node.body):
        return
    if not _keeps_best(node):
        swapped = syntax.known(node, "_swapped", partial(ast.If, node.test, node.orelse, node.body))
        if not node.orelse or not _keeps_best(swapped):
            return
        improved, worse = node.orelse, node.body
    counters = _counted(worse)
    if not counters:
        return
    reset = _assigned(improved) | _before(p, node)
    for counter in counters:
        if counter in reset or not _stops(p, counter):
            continue
        zero = _in_every_round(p, node, counter)
        if zero is not None:
            yield p.report(
                "SB313",
                (zero, p.source),
                f"the early-stopping (patience) counter {counter} is reset in every epoch: it never reaches its limit",
                why="it is set to zero inside the epoch loop, so it counts to one at most and never stops training",
                fix=f"Set {counter} = 0 once before the loop, and again only on improvement",
            )
            continue
        yield p.report(
            "SB313",
            (improved[0], p.source),
            f"the early-stopping (patience) counter {counter} is never reset when the score improves",
            why="it counts all bad epochs of the run instead of bad epochs in a row, so training stops too early",
            fix=f"Set {counter} = 0 where the best score is updated",
        )


def _in_every_round(p: Program, node: ast.If, counter: str) -> ast.stmt | None:
    """The statement that sets a counter to zero in the body of the loop in which it is counted up."""
    for loop in q.nodes(p, ast.For, ast.While):
        for stmt in loop.body:
            if stmt is node or any(x is node for x in syntax.walk(stmt)):
                break
            zero = isinstance(stmt, ast.Assign) and isinstance(stmt.value, ast.Constant) and stmt.value.value == 0
            inside = any(x is node for s in loop.body for x in syntax.walk(s))
            if zero and inside and isinstance(stmt, ast.Assign) and counter in [syntax.text(t) for t in stmt.targets]:
                return stmt
    return None


def _keeps_best(node: ast.If) -> bool:
    """Whether the branch stores one side of its own comparison in the other: the best score so far."""
    return syntax.known(node, "_keeps_best", partial(_stores_side, node))


def _stores_side(node: ast.If) -> bool:
    compares = [c for c in syntax.walk(node.test) if isinstance(c, ast.Compare) and len(c.ops) == 1]
    compares = [c for c in compares if not isinstance(c.ops[0], (ast.Is, ast.IsNot))]  # the first round of all
    sides = {syntax.text(n) for c in compares for n in syntax.walk(c) if isinstance(n, (ast.Name, ast.Attribute))}
    for part in node.body:
        for a in syntax.walk(part):
            if isinstance(a, ast.Assign):
                for target in a.targets:
                    names = target.elts if isinstance(target, ast.Tuple) else [target]
                    for t in names:
                        text = syntax.text(t)
                        if compares and ("best" in text.lower() or (text in sides and _takes(a.value, sides - {text}))):
                            return True
    return False


def _takes(value: ast.expr, others: set[str]) -> bool:
    """Whether a value holds what the name was compared with."""
    return any(syntax.text(n) in others for n in syntax.walk(value) if isinstance(n, (ast.Name, ast.Attribute)))


def _counted(block: list[ast.stmt]) -> list[str]:
    """Names that a block counts up by one."""
    found = []
    for part in block:
        for a in syntax.walk(part):
            if isinstance(a, ast.AugAssign) and isinstance(a.op, ast.Add) and _is_one(a.value):
                found.append(syntax.text(a.target))
            elif isinstance(a, ast.Assign) and isinstance(a.value, ast.BinOp) and isinstance(a.value.op, ast.Add):
                name = syntax.text(a.targets[0])
                if name == syntax.text(a.value.left) and _is_one(a.value.right):
                    found.append(name)
    return found


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _assigned(block: list[ast.stmt]) -> set[str]:
    return {
        syntax.text(t)
        for s in block
        for a in syntax.walk(s)
        if isinstance(a, ast.Assign)
        for target in a.targets
        for t in (target.elts if isinstance(target, ast.Tuple) else [target])
    }


def _before(p: Program, node: ast.If) -> set[str]:
    """Counters that are reset in some other branch: `if improved: count = 0` beside the one that keeps the best."""
    found: set[str] = set()
    for other in q.nodes(p, ast.If):
        if other is not node and not _stopping(other):
            for part in (*other.body, *other.orelse):  # `if worse: count += 1` and `else: count = 0`
                for a in syntax.walk(part):
                    if isinstance(a, ast.Assign) and isinstance(a.value, ast.Constant) and a.value.value == 0:
                        found |= {syntax.text(t) for t in a.targets}
    return found


def _stopping(node: ast.If) -> bool:
    return any(isinstance(b, (ast.Break, ast.Return, ast.Raise)) for s in node.body for b in syntax.walk(s))


def _stops(p: Program, counter: str) -> bool:
    """Whether the counter is compared with a bound, and the outcome ends something."""
    tests: list[ast.AST] = [n.value for n in q.nodes(p, ast.Return, ast.Assign) if n.value is not None]
    tests += [n.test for n in q.nodes(p, ast.While)]
    tests += [n.test for n in q.nodes(p, ast.If) if _stopping(n) or "stop" in syntax.text(n.body[0]).lower()]
    last = counter.rsplit(".", 1)[-1]
    for test in tests:
        for c in syntax.walk(test):
            sized = isinstance(c, ast.Compare) and len(c.ops) == 1
            if sized and isinstance(c, ast.Compare) and not isinstance(c.ops[0], (ast.Is, ast.IsNot, ast.In)):  # noqa: SIM102
                if any(syntax.text(s).rsplit(".", 1)[-1] == last for s in (c.left, c.comparators[0])):
                    return True
    return False
