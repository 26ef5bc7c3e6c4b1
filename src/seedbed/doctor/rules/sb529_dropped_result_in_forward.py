"""Forward() computes something that its output does not use.

## What it does

Finds values that `forward()` computes from layers and then does not use.

## Why is this bad

A step of the network (an activation, a dropout, a whole layer) is silently skipped.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.b = nn.Linear(8, 3)

    def forward(self, x):
        h = self.a(x)
        act = torch.relu(h)
        return self.b(h)
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.b = nn.Linear(8, 3)

    def forward(self, x):
        h = self.a(x)
        act = torch.relu(h)
        return self.b(act)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        if cls.base != "module" or cls.src is not p.source:
            continue
        method = cls.scope.vars.get("forward")
        if method is None or method.kind != "func":
            continue
        body = method.owner.node
        inner = {
            n.id
            for f in syntax.walk(body)
            if f is not body and isinstance(f, (ast.FunctionDef, ast.Lambda))
            for n in syntax.walk(f)
            if isinstance(n, ast.Name)
        }
        if any(isinstance(n, ast.Name) and n.id == "locals" for n in syntax.walk(body)):
            continue
        yield from _unpacked(p, body, inner)
        yield from _called_only(p, cls, body)
        for place, node in enumerate(body.body):
            if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
                continue
            name = node.targets[0].id
            if name.startswith("_") or name in inner or not _is_lost(body.body[place + 1 :], name):
                continue
            if _implied(node.value, body.body[place + 1 :], name):
                continue
            said = _said(p, node, name)
            if said:
                yield p.report(
                    "SB529",
                    (node, cls.src),
                    said,
                    why="this step of the network has no influence on the output",
                    fix=f"Use {name} in what follows, or delete the line",
                    severity=q.doubtful(p),
                )


def _implied(value: ast.expr, rest: list[ast.stmt], name: str) -> bool:
    """Whether its next value is the same with more: ``a = x.unsqueeze(0)``, then ``a = x.expand(n, -1, -1)``."""
    one, two = (
        value,
        next((s.value for s in rest if isinstance(s, ast.Assign) and syntax.text(s.targets[0]) == name), None),
    )
    return (
        isinstance(one, ast.Call)
        and isinstance(two, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and isinstance(two.func, ast.Attribute)
        and (one.func.attr, two.func.attr) == ("unsqueeze", "expand")
        and syntax.text(one.func.value) == syntax.text(two.func.value)
        and not any(isinstance(a, ast.Constant) and a.value != 0 for a in one.args)
    )


def _unpacked(p: Program, body: ast.FunctionDef, inner: set[str]) -> Iterator[Finding]:
    """``q, k, v = self.q(x), self.k(x), self.v(x)`` with a name that is never read; ``mem, _ = self.enc(x)`` too."""
    for place, node in enumerate(body.body):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Tuple):
            continue
        names = [t.id if isinstance(t, ast.Name) else "" for t in node.targets[0].elts]
        if not all(names) or any(n in inner for n in names):
            continue
        lost = [n for n in names if not n.startswith("_") and _is_lost(body.body[place + 1 :], n)]
        said = ""
        if isinstance(node.value, ast.Tuple) and len(node.value.elts) == len(names) and len(lost) == 1:
            value = node.value.elts[names.index(lost[0])]
            if isinstance(value, ast.Call) and syntax.text(value.func).startswith("self."):
                said = f"forward() computes {lost[0]} = {syntax.text(value)[:40]} but never uses it"
        elif isinstance(node.value, ast.Call) and len(lost) == len([n for n in names if not n.startswith("_")]) > 0:
            text = syntax.text(node.value.func)
            if text.startswith("self.") and text.count(".") == 1:
                said = f"forward() computes {', '.join(lost)} = {text}(...) but never uses it"
        if said:
            yield p.report(
                "SB529",
                (node, p.source),
                said,
                why="this step of the network has no influence on the output",
                fix=f"Use {lost[0]} in what follows, or delete the line",
                severity=q.doubtful(p),
            )


def _said(p: Program, node: ast.Assign, name: str) -> str:
    """What is lost with a name that is never read: a layer's output, a skip connection, another computation."""
    if isinstance(node.value, ast.Name):
        kept = name.lower() in _SKIPS and not node.value.id.startswith("_")
        return f"the skip connection {name} is kept but never added: forward() never uses it (no residual)" * kept
    if isinstance(node.value, ast.Call):
        text = syntax.text(node.value.func)
        if text.startswith(("self.", "F.", "torch.relu", "torch.tanh", "torch.sigmoid", "nn.functional")):
            return f"forward() computes {name} = {text}(...) but never uses it"
    made = [v for n, v, e in p.assigns if e.node is node.targets[0]]
    if made and all(v.kind == "tensor" for v in made) and any(v.grad for v in made):  # not where it is evaluated
        return f"forward() computes {name} = {syntax.text(node.value)[:50]} but never uses it"
    return ""


_SKIPS = frozenset(["identity", "residual", "skip", "shortcut", "res", "resid", "x_in", "x0", "inp", "orig", "x_skip"])


def _is_lost(rest: list[ast.stmt], name: str) -> bool:
    """Whether the statements that follow never read ``name``, or give it another value first."""
    for statement in rest:
        for part in syntax.walk(statement):
            if isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Load):
                return False
            if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name) and part.target.id == name:
                return False  # x += y reads x
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if any(isinstance(n, ast.Name) and n.id == name for t in targets for n in syntax.walk(t)):
            return True
    return True


_INPLACE = frozenset(["ReLU", "Dropout", "LeakyReLU", "ELU", "SiLU", "Dropout2d"])


def _called_only(p: Program, cls: Any, body: ast.FunctionDef) -> Iterator[Finding]:
    """``self.pos(h)`` as a statement: what the layer gives back is dropped."""
    alone = [n for n in syntax.walk(body) if isinstance(n, ast.Expr)]
    statements = {id(n.value): (n, n.value) for n in alone if isinstance(n.value, ast.Call)}
    seen: set[int] = set()
    for event in p.all("forward"):
        node, called = statements.get(id(event.node), (None, None))
        if node is None or called is None or event.recv is None or id(node) in seen:
            continue
        if not syntax.text(called.func).startswith("self."):
            continue
        layer, made = event.recv, event.result
        own = layer.owner.scope.vars.get("forward") if hasattr(layer.owner, "scope") else None
        if made is None or made.kind != "tensor" or event.funcs[-1:] == () or event.funcs[-1].node is not body:
            continue
        if own is not None and _has_effects(own.owner.node):
            continue
        if own is None and (layer.owner is not None or layer.name in _INPLACE or layer.kind != "module"):
            continue
        seen.add(id(node))
        text = syntax.text(called)
        yield p.report(
            "SB529",
            (node, cls.src),
            f"the result of {text} is thrown away: forward() goes on without what the layer gives back",
            why="calling a module changes nothing in place, so this step has no influence on the output",
            fix=f"Keep it: {syntax.text(called.args[0]) if called.args else 'x'} = {text}",
            severity=q.doubtful(p),
        )


def _has_effects(body: ast.AST) -> bool:
    """Whether a forward() changes its inputs, itself or something outside."""
    for node in syntax.walk(body):
        if isinstance(node, (ast.AugAssign, ast.Global, ast.Nonlocal)):
            return True
        if isinstance(node, ast.Assign) and any(not isinstance(t, (ast.Name, ast.Tuple)) for t in node.targets):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):  # noqa: SIM102
            if node.func.attr.endswith("_") or node.func.attr in ("append", "update", "extend", "add"):
                return True
    return not any(isinstance(n, ast.Return) and n.value is not None for n in syntax.walk(body))
