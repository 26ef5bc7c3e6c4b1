"""A hand-written update subtracts the weight itself, or leaves the velocity unused.

## What it does

Finds ``w -= lr * w`` after ``backward()`` where the gradient was meant, and a velocity that takes the gradient up in
every step while the update uses the plain gradient.

## Why is this bad

The first shrinks the weights to zero whatever the loss says. The second is plain SGD under the name of momentum.

## Example

```python
w = torch.zeros(20, requires_grad=True)
for x, y in loader:
    loss = F.mse_loss(x @ w, y)
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w
        w.grad.zero_()
```

## Use instead

```python
w = torch.zeros(20, requires_grad=True)
for x, y in loader:
    loss = F.mse_loss(x @ w, y)
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad.zero_()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_VELOCITY = ("v", "vel", "velocity", "mom", "momentum", "buf", "buffer", "m")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.trains:
        return
    for loop in q.nodes(p, ast.For, ast.With, ast.FunctionDef):
        body = list(loop.body)
        for node in body:
            found = _shrinks(p, body, node) or _forgotten(body, node)
            if found is not None:
                yield p.report("SB369", (node, p.source), found[0], why=found[1], fix=found[2])


def _parts(node: ast.stmt) -> tuple[str, ast.expr] | None:
    """What an update by hand changes, and what it takes away."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub):
        return syntax.text(node.target).removesuffix(".data"), node.value
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or not call.args:
        return None
    taken = call.args[0] if call.func.attr == "sub_" else _less(call) if call.func.attr == "add_" else None
    return (syntax.text(call.func.value).removesuffix(".data"), taken) if taken is not None else None


def _less(call: ast.Call) -> ast.expr | None:
    """What ``add_`` takes away: ``add_(x, alpha=-lr)`` and ``add_(-lr * x)``."""
    given = call.args[0]
    if any(k.arg == "alpha" and isinstance(k.value, ast.UnaryOp) for k in call.keywords):
        return given
    if isinstance(given, ast.UnaryOp) and isinstance(given.op, ast.USub):
        return given.operand
    product = isinstance(given, ast.BinOp) and isinstance(given.op, ast.Mult)
    if isinstance(given, ast.BinOp) and product and not call.keywords:
        sides = (given.left, given.right)
        turned = any(isinstance(s, ast.UnaryOp) and isinstance(s.op, ast.USub) for s in sides)
        return given if turned else None
    return None


def _shrinks(p: Program, body: list[ast.stmt], node: ast.stmt) -> tuple[str, str, str] | None:
    """``w -= lr * w`` beside something that clears ``w.grad``: the only update that there is."""
    parts = _parts(node)
    if parts is None or not isinstance(parts[1], ast.BinOp) or not isinstance(parts[1].op, ast.Mult):
        return None
    name, sides = parts[0], [syntax.text(s) for s in (parts[1].left, parts[1].right)]
    own = [s for s in sides if s in (name, f"{name}.data")]
    rate = [s for s in sides if s not in own]
    if len(own) != 1 or not rate:
        return None
    if "lr" not in rate[0].lower().replace("learning_rate", "lr") and not rate[0].replace(".", "").isdigit():
        return None
    if any(w in rate[0].lower() for w in ("decay", "wd", "lam")) or not any(
        f"{name}.grad" in syntax.text(s) for s in body
    ):
        return None
    if any(f"{name}.grad" in syntax.text(s) and _parts(s) is not None for s in body) or p.all("step"):
        return None
    return (
        f"the update subtracts the weight itself, not its gradient: {syntax.text(node)}",
        "the loss has no influence: every weight shrinks by the same share in every step",
        f"Subtract the gradient: {name} -= lr * {name}.grad",
    )


def _forgotten(body: list[ast.stmt], node: ast.stmt) -> tuple[str, str, str] | None:
    """``v`` takes the gradient up and ``p -= lr * p.grad`` follows."""
    parts = _parts(node)
    if parts is None or f"{parts[0]}.grad" not in syntax.text(parts[1]):
        return None
    before = body[: body.index(node)]
    for one in before:
        names = [n.id for n in ast.walk(one) if isinstance(n, ast.Name) and n.id in _VELOCITY]
        takes = f"{parts[0]}.grad" in syntax.text(one) and ("mul_" in syntax.text(one) or _carried(one))
        if not names or not takes:
            continue
        later = [n for s in body[body.index(one) + 1 :] for n in ast.walk(s) if isinstance(n, ast.Name)]
        if any(n.id == names[0] for n in later):
            continue
        return (
            f"the momentum {names[0]} is kept up but never used: the update takes the plain gradient",
            f"{names[0]} collects the gradients, but {syntax.text(node)} does not read it, so there is no momentum",
            f"Use it: {parts[0]} -= lr * {names[0]}",
        )
    return None


def _carried(node: ast.stmt) -> bool:
    """``v[:] = mu * v + g`` or ``v = mu * v + g``: the old value is on both sides."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Subscript):
        return False
    name = syntax.text(node.targets[0].value)
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node.value))
