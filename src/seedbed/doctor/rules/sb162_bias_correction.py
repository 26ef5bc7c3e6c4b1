"""The bias correction of a hand-written Adam is not 1 - beta ** step.

## What it does

Finds ``1 - beta * t`` where a power is meant, and ``1 - beta ** epoch`` where the optimizer steps in every batch.

## Why is this bad

The averages start at zero, and 1 - beta ** t is the share of them that is filled after t steps. A product becomes
negative after a few steps, so the update changes its sign; the number of the epoch is far too small.

## Example

```python
class Adam:
    def __init__(self, params, b1=0.9, b2=0.999):
        self.params, self.b1, self.b2, self.t = list(params), b1, b2, 0
        self.m = [torch.zeros_like(w) for w in self.params]
        self.v = [torch.zeros_like(w) for w in self.params]

    @torch.no_grad()
    def step(self):
        self.t += 1
        for w, m, v in zip(self.params, self.m, self.v):
            m.mul_(self.b1).add_(w.grad, alpha=1 - self.b1)
            v.mul_(self.b2).addcmul_(w.grad, w.grad, value=1 - self.b2)
            w -= 1e-3 * (m / (1 - self.b1 * self.t)) / ((v / (1 - self.b2 * self.t)).sqrt() + 1e-8)
```

## Use instead

```python
class Adam:
    def __init__(self, params, b1=0.9, b2=0.999):
        self.params, self.b1, self.b2, self.t = list(params), b1, b2, 0
        self.m = [torch.zeros_like(w) for w in self.params]
        self.v = [torch.zeros_like(w) for w in self.params]

    @torch.no_grad()
    def step(self):
        self.t += 1
        for w, m, v in zip(self.params, self.m, self.v):
            m.mul_(self.b1).add_(w.grad, alpha=1 - self.b1)
            v.mul_(self.b2).addcmul_(w.grad, w.grad, value=1 - self.b2)
            w -= 1e-3 * (m / (1 - self.b1**self.t)) / ((v / (1 - self.b2**self.t)).sqrt() + 1e-8)
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_BETA = re.compile(r"(^|[._\[])(beta_?[12]?|b[12]|betas?\[[01]\]|mu|rho)\]?$")
_STEP = re.compile(r"(^|[._\['\"])(t|step|steps|iteration|it|k|step_count|n_steps|epoch|ep)['\"]?\]?$")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for node in q.nodes(p, ast.BinOp):
        if (
            not isinstance(node.op, ast.Sub)
            or not isinstance(node.left, ast.Constant)
            or node.left.value not in (1, 1.0)
        ):
            continue
        inner = node.right
        if not isinstance(inner, ast.BinOp) or not isinstance(inner.op, (ast.Mult, ast.Pow)):
            continue
        base, count = syntax.text(inner.left), syntax.text(inner.right)
        if not _BETA.search(base) or not _STEP.search(count) or not _divisor(p, node):
            continue
        epoch = re.search(r"(^|[._])(epoch|ep)$", count)
        if isinstance(inner.op, ast.Pow) and not (epoch and _in_batches(p, node)):
            continue
        said = f"{base} * {count}" if isinstance(inner.op, ast.Mult) else f"{base} ** {count}"
        yield p.report(
            "SB162",
            (node, p.source),
            f"the bias correction of Adam is 1 - beta ** step, not 1 - {said}",
            why="a product is above 1 after a few steps, which turns the update round"
            if isinstance(inner.op, ast.Mult)
            else "the averages are filled with every step, so the number of the epoch corrects far too much",
            fix=f"Write 1 - {base} ** step, with the number of updates so far",
        )
    yield from _without_count(p)


def _without_count(p: Program) -> Iterator[Finding]:
    """``m / (1 - b1)`` and ``v / (1 - b2)`` under a root: the correction without the number of the step."""
    powers = {syntax.text(n.left) for n in q.nodes(p, ast.BinOp) if isinstance(n.op, ast.Pow)}
    changed = {syntax.text(n.target) for n in q.nodes(p, ast.AugAssign)}
    for func in q.nodes(p, ast.FunctionDef):
        parts = list(ast.walk(func))
        if not any(isinstance(n, (ast.Name, ast.Attribute)) and syntax.text(n).endswith("sqrt") for n in parts):
            continue
        decays = {text for n in parts for text in _decays(n)} - powers - changed
        found = [(n, rest) for n in parts if isinstance(n, ast.BinOp) and (rest := _rest(n)) in decays]
        if len({rest for _, rest in found}) < 2:
            continue
        node, beta = found[0]
        yield p.report(
            "SB162",
            (node, p.source),
            f"the bias correction of Adam divides by 1 - {beta} in every step, without the number of the step",
            why="that corrects the first step only: later the averages are filled, and a constant factor blows them up",
            fix=f"Count the steps and divide by 1 - {beta} ** step",
            related=tuple((str(p.source.path), n.lineno, f"1 - {rest}") for n, rest in found[1:2]),
        )


def _decays(node: ast.AST) -> list[str]:
    """What a running average is multiplied by: ``m.mul_(b1)``, ``b1 * m + (1 - b1) * g``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "mul_" and node.args:
        return [syntax.text(node.args[0])]
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add):
        return []
    rests = {syntax.text(n.right) for n in ast.walk(node.right) if isinstance(n, ast.BinOp) and _is_rest(n)}
    left = node.left
    sides = [syntax.text(s) for s in (left.left, left.right)] if isinstance(left, ast.BinOp) else []
    return [s for s in sides if s in rests]


def _is_rest(node: ast.AST) -> bool:
    one = node.left if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) else None
    return isinstance(one, ast.Constant) and one.value in (1, 1.0)


def _rest(node: ast.BinOp) -> str:
    """``b1`` in ``m / (1 - b1)``."""
    below = node.right if isinstance(node.op, ast.Div) else None
    return syntax.text(below.right) if isinstance(below, ast.BinOp) and _is_rest(below) else ""


def _divisor(p: Program, node: ast.AST) -> bool:
    """Whether something is divided by it, at once or under a name."""
    names = set()
    for one in q.nodes(p, ast.Assign):
        if one.value is node:
            names |= {syntax.text(t) for t in one.targets}
    for one in q.nodes(p, ast.BinOp):
        if isinstance(one.op, ast.Div) and any(n is node for n in ast.walk(one.right)):
            return True
        if isinstance(one.op, ast.Div) and any(syntax.text(n) in names for n in ast.walk(one.right) if names):
            return True
    return False


def _in_batches(p: Program, node: ast.AST) -> bool:
    """Whether it stands in a loop inside the loop that counts the epochs, so that it runs for every batch."""
    around = [f for f in q.nodes(p, ast.For) if f.lineno <= getattr(node, "lineno", 0) <= (f.end_lineno or f.lineno)]
    steps = [f for f in around if any(isinstance(n, ast.Attribute) and n.attr == "backward" for n in ast.walk(f))]
    return len(steps) >= 2
