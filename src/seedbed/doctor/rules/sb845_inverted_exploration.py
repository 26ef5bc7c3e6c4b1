"""Epsilon-greedy explores when it should exploit, or its epsilon does not decay as meant.

## What it does

Finds `if random() > eps` before a random action, and an epsilon that jumps to its floor at once (`min` where `max` is
meant).

## Why is this bad

The agent acts greedily at first and at random later, or it never explores.

## Example

```python
import random
net = nn.Linear(4, 2)
eps = 1.0
for step in range(100):
    if random.random() > eps:
        action = random.randrange(2)
    else:
        action = net(state).argmax().item()
    eps = max(0.05, eps * 0.99)
```

## Use instead

```python
import random
net = nn.Linear(4, 2)
eps = 1.0
for step in range(100):
    if random.random() < eps:
        action = random.randrange(2)
    else:
        action = net(state).argmax().item()
    eps = max(0.05, eps * 0.99)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_ACTS = ("randrange", "randint", "choice", "sample", "randint_like", "integers")
_NAMES = frozenset(["eps", "epsilon", "explore", "exploration", "epsi"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete and p.events:
        return
    for node in q.nodes(p, ast.If, ast.IfExp):
        side = _side(node.test)
        if side is None or _chance_to_be_greedy(p, node.test) or _grows(p, node.test):
            continue
        first = node.body if isinstance(node.body, list) else [node.body]
        rest = node.orelse if isinstance(node.orelse, list) else [node.orelse]
        if isinstance(node, ast.If) and not rest:
            rest = _after(p, node)
        chosen, other = (first, rest) if side == "above" else (rest, first)
        if _random(chosen) and _greedy(other) and not _random(other):
            yield p.report(
                "SB845",
                (node, p.source),
                "epsilon-greedy is inverted: a random action is taken when the draw is above epsilon",
                why="the agent exploits while epsilon is high and explores once it is low",
                fix="Act at random if random.random() < epsilon",
            )
    for node in q.nodes(p, ast.Assign):
        yield from _floor(p, node)


def _side(test: ast.expr) -> str | None:
    """Whether a draw is compared to lie above or below epsilon."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    left, right = test.left, test.comparators[0]
    above = isinstance(test.ops[0], (ast.Gt, ast.GtE))
    if not isinstance(test.ops[0], (ast.Gt, ast.GtE, ast.Lt, ast.LtE)):
        return None
    if _draw(left) and _epsilon(right):
        return "above" if above else "below"
    if _draw(right) and _epsilon(left):
        return "below" if above else "above"
    return None


def _draw(node: ast.expr) -> bool:
    text = syntax.text(node)
    return isinstance(node, ast.Call) and ("random" in text or "rand(" in text or "uniform" in text)


def _epsilon(node: ast.expr) -> bool:
    return any(_NAMES & set(words(getattr(n, "id", getattr(n, "attr", "")))) for n in syntax.walk(node))


def _chance_to_be_greedy(p: Program, test: ast.expr) -> bool:
    """Whether epsilon is a number above a half that never changes: the share of the best action."""
    names = {n for part in syntax.walk(test) if _NAMES & set(words(n := _name(part)))}
    found = q.everywhere(p, ast.Name, ast.Attribute)
    stored = [n for n in found if isinstance(n.ctx, ast.Store) and _name(n) in names]
    given = [n.value for n in q.nodes(p, ast.Assign) if len(n.targets) == 1 and n.targets[0] in stored]
    known = {v.const for e in p.all("compare") if e.node is test for v in e.args if v.kind == "const"}
    if not known:
        known = {v.value for v in given if isinstance(v, ast.Constant)}
    return len(stored) <= 1 == len(known) and all(isinstance(k, float) and 0.5 < k < 1 for k in known)


def _grows(p: Program, test: ast.expr) -> bool:
    """Whether epsilon is raised on the way (``eps = min(eps + step, 1)``): the share of the best action."""
    names = {n for part in syntax.walk(test) if _NAMES & set(words(n := _name(part)))}
    for node in q.nodes(p, ast.Assign, ast.AugAssign):
        target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
        if _name(target) not in names:
            continue
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
            return True
        sums = [n for n in syntax.walk(node.value) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add)]
        if any(_name(n.left) in names for n in sums) and not any(
            isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub) for n in syntax.walk(node.value)
        ):
            return True
    return False


def _name(node: ast.AST) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _random(body: list[ast.AST]) -> bool:
    calls = [n for s in body for n in syntax.walk(s) if isinstance(n, ast.Call)]
    return any(syntax.text(c.func).rsplit(".", 1)[-1] in _ACTS for c in calls)


def _greedy(body: list[ast.AST]) -> bool:
    text = "\n".join(syntax.text(s) for s in body)
    return "argmax" in text or ".max(" in text or "greedy" in text


def _after(p: Program, node: ast.If) -> list[ast.AST]:
    """The statements after an ``if`` that returns."""
    for scope in q.nodes(p, ast.FunctionDef):
        if node in scope.body:
            return list(scope.body[scope.body.index(node) + 1 :])
    return []


def _floor(p: Program, node: ast.Assign) -> Iterator[Finding]:
    """``eps = min(0.05, eps * 0.99)``."""
    value = node.value
    if not (isinstance(value, ast.Call) and syntax.text(value.func) in ("min", "max") and len(value.args) == 2):
        return
    target = syntax.text(node.targets[0])
    if not _epsilon(node.targets[0]) or not value.args:
        return
    shrinks = [a for a in value.args if isinstance(a, ast.BinOp) and target in syntax.text(a)]
    if len(shrinks) != 1 or not isinstance(shrinks[0].op, (ast.Mult, ast.Sub)):
        return
    bound = next(a for a in value.args if a is not shrinks[0])
    low = isinstance(bound, ast.Constant) and isinstance(bound.value, float) and bound.value <= 0.3
    named = {"min", "end", "final", "floor"} & set(words(syntax.text(bound)))
    if syntax.text(value.func) == "min" and (low or named):
        yield p.report(
            "SB845",
            (node, p.source),
            f"{target} falls to its floor {syntax.text(bound)} at once: min() is used where max() is meant",
            why="min takes the smaller value, so the exploration ends after the first step",
            fix=f"Use {target} = max({syntax.text(bound)}, {syntax.text(shrinks[0])})",
        )
