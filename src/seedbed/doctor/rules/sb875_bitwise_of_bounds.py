"""`&` of two numbers decides a branch: it joins their bits, not their truth.

## What it does

Finds `if low & high:` (or a flag made so) where `low` and `high` are compared with values elsewhere, so that they are
numbers.

## Why is this bad

`&` of numbers is their common bits: `10 & 20` is 0, so two bounds that are both given count as not given. With None it
fails.

## Example

```python
class Loss(nn.Module):
    def __init__(self, low=10, high=20):
        super().__init__()
        self.low, self.high = low, high
        self.bounded = low & high
    def forward(self, output, target, kind):
        error = (output - target) ** 2
        if self.bounded:
            keep = (kind >= self.low) & (kind <= self.high)
            error = error[keep]
        return error.mean()
```

## Use instead

```python
class Loss(nn.Module):
    def __init__(self, low=10, high=20):
        super().__init__()
        self.low, self.high = low, high
        self.bounded = low is not None and high is not None
    def forward(self, output, target, kind):
        error = (output - target) ** 2
        if self.bounded:
            keep = (kind >= self.low) & (kind <= self.high)
            error = error[keep]
        return error.mean()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_PLAIN = (ast.Name, ast.Attribute)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    anded = [n for n in p.nodes(ast.BinOp) if isinstance(n.op, ast.BitAnd)]
    yield from _counts(p, anded)
    joined = [n for n in anded if isinstance(n.left, _PLAIN) and isinstance(n.right, _PLAIN)]
    if not joined:
        return
    bounds = {
        _last(side)
        for n in p.nodes(ast.Compare)
        if all(isinstance(o, _ORDER) for o in n.ops)
        for side in (n.left, *n.comparators)
        if isinstance(side, _PLAIN)
    }
    tests = {syntax.text(t) for n in p.nodes(ast.If, ast.IfExp, ast.While) for t in _tests(n.test)}
    flags = [(syntax.text(a.targets[0]), a.value) for a in p.nodes(ast.Assign) if isinstance(a.targets[0], _PLAIN)]
    for node in joined:
        sides = _last(node.left), _last(node.right)
        named = [name for name, value in flags if value is node]
        if sides[0] == sides[1] or not set(sides) <= bounds or not ({syntax.text(node), *named} & tests):
            continue
        yield p.report(
            "SB875",
            (node, p.source),
            f"{syntax.text(node)} joins the bits of two numbers, not their truth: 10 & 20 is 0",
            why="the branch depends on which bits both numbers have, not on whether they are given",
            fix=f"Write {syntax.text(node.left)} is not None and {syntax.text(node.right)} is not None",
        )


def _counts(p: Program, anded: list[ast.BinOp]) -> Iterator[Finding]:
    """``if len(a) & len(b)``: whether both hold something is asked with the bits of their sizes."""
    asked = [t for n in p.nodes(ast.If, ast.IfExp, ast.While) for t in _tests(n.test)] if anded else []
    for node in anded:
        named = [a.targets[0].id for a in p.nodes(ast.Assign) if a.value is node and isinstance(a.targets[0], ast.Name)]
        tested = any(t is node or (isinstance(t, ast.Name) and t.id in named) for t in asked)
        if tested and _is_count(node.left) and _is_count(node.right):
            left, right = syntax.text(node.left), syntax.text(node.right)
            yield p.report(
                "SB875",
                (node, p.source),
                f"{left} & {right} joins the bits of two counts, not their truth: 1 & 2 is 0",
                why="the branch is skipped for some pairs of sizes although both hold something",
                fix=f"Write {left} > 0 and {right} > 0",
            )


def _is_count(node: ast.expr) -> bool:
    """Whether an expression is certainly a size: a whole number of things, not a truth."""
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        return node.func.attr == "numel" and not node.args
    return syntax.text(node.func) == "len"


def _last(node: ast.expr) -> str:
    """The last part of a dotted name: an attribute mostly has the name of the argument that it was set to."""
    return node.attr if isinstance(node, ast.Attribute) else syntax.text(node)


def _tests(test: ast.expr) -> list[ast.expr]:
    """What a condition asks by itself, without ``not``, ``and`` and ``or``."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _tests(test.operand)
    if isinstance(test, ast.BoolOp):
        return [t for v in test.values for t in _tests(v)]
    return [test]
