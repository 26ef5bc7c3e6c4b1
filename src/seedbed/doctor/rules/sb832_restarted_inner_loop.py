"""Every inner step of meta-learning starts again from the initial weights.

## What it does

Finds inner loops (MAML) whose update subtracts the gradient from the initial weights and not from the adapted ones.

## Why is this bad

Several inner steps are then no more than one: each one throws the steps before it away.

## Example

```python
from torch.func import functional_call

def adapt(net, x, y):
    start = dict(net.named_parameters())
    fast = start
    for _ in range(3):
        loss = F.mse_loss(functional_call(net, fast, (x,)), y)
        grads = torch.autograd.grad(loss, list(fast.values()), create_graph=True)
        fast = {k: w - 0.01 * g for (k, w), g in zip(start.items(), grads)}
    return fast
```

## Use instead

```python
from torch.func import functional_call

def adapt(net, x, y):
    start = dict(net.named_parameters())
    fast = start
    for _ in range(3):
        loss = F.mse_loss(functional_call(net, fast, (x,)), y)
        grads = torch.autograd.grad(loss, list(fast.values()), create_graph=True)
        fast = {k: w - 0.01 * g for (k, w), g in zip(fast.items(), grads)}
    return fast
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.syntax import walk


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for loop in q.nodes(p, ast.For):
        inner = walk(loop)
        if not any(_is_grad(n) for n in inner):
            continue
        assigned = {t.id for n in inner if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
        for node in inner:
            if not isinstance(node, ast.Assign) or len(node.targets) != 1 or id(node) in seen:
                continue
            target = node.targets[0]
            if not isinstance(target, ast.Name) or _nearest(loop, node) is not loop:
                continue
            base = _updated(node.value)
            if base is None or base == target.id or base.split(".")[0].split("(")[0] in assigned:
                continue
            if not _read_before(loop, target.id, node):
                continue
            seen.add(id(node))
            yield p.report(
                "SB832",
                (node, p.source),
                f"every inner step starts again from the initial weights ({base}), not from the adapted ones "
                f"({target.id})",
                why="the steps before are thrown away, so several inner steps adapt no more than one",
                fix=f"Update the fast weights: subtract the gradient from {target.id}",
            )


def _is_grad(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and syntax.text(node.func).endswith("autograd.grad")


def _nearest(loop: ast.For, node: ast.AST) -> ast.AST:
    """The innermost loop inside ``loop`` around a node."""
    found: ast.AST = loop
    for other in walk(loop):
        if isinstance(other, (ast.For, ast.While)) and other is not loop and node in walk(other):
            found = other
    return found


def _updated(value: ast.expr) -> str | None:
    """What the gradient is subtracted from in ``{... w - lr * g for w, g in zip(base, grads)}``."""
    if not isinstance(value, (ast.DictComp, ast.ListComp)):
        call = (
            isinstance(value, ast.Call) and value.args and isinstance(value.args[0], (ast.GeneratorExp, ast.ListComp))
        )
        if not call:
            return None
        assert isinstance(value, ast.Call)
        value = value.args[0]
    body = value.value if isinstance(value, ast.DictComp) else value.elt  # type: ignore[attr-defined]
    body = body.elts[-1] if isinstance(body, ast.Tuple) else body
    if not (isinstance(body, ast.BinOp) and isinstance(body.op, ast.Sub) and isinstance(body.right, ast.BinOp)):
        return None
    gen = value.generators[0]  # type: ignore[attr-defined]
    if not (
        isinstance(gen.iter, ast.Call) and syntax.text(gen.iter.func) == "zip" and isinstance(gen.target, ast.Tuple)
    ):
        return None
    left = body.left
    if not isinstance(left, ast.Name):
        return syntax.text(left.value) if isinstance(left, ast.Subscript) else None
    for place, over in zip(gen.target.elts, gen.iter.args, strict=False):
        if left.id in {n.id for n in syntax.walk(place) if isinstance(n, ast.Name)}:
            text = syntax.text(over)
            for end in (".items()", ".values()"):
                text = text.removesuffix(end)
            return text
    return None


def _read_before(loop: ast.AST, name: str, node: ast.Assign) -> bool:
    """Whether the fast weights are what the loss of the next step is computed with."""
    return any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load) and n.lineno < node.lineno
        for n in walk(loop)
    )
