"""The hidden state of a recurrent loop stays zero.

## What it does

Finds loops over time in `forward` that read a state (`h`, `hidden`, `c`) which was set to zeros before the loop and is
never assigned in it.

## Why is this bad

Every step starts from zeros: the network has no memory of what came before.

## Example

```python
class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(4 + 8, 8)

    def forward(self, x):
        h = torch.zeros(x.size(0), 8)
        out = []
        for t in range(x.size(1)):
            out.append(torch.tanh(self.mix(torch.cat([x[:, t], h], dim=1))))
        return torch.stack(out, dim=1)

Cell()(torch.randn(2, 5, 4))
```

## Use instead

```python
class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(4 + 8, 8)

    def forward(self, x):
        h = torch.zeros(x.size(0), 8)
        out = []
        for t in range(x.size(1)):
            h = torch.tanh(self.mix(torch.cat([x[:, t], h], dim=1)))
            out.append(h)
        return torch.stack(out, dim=1)

Cell()(torch.randn(2, 5, 4))
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

_STATES = frozenset(["h", "hidden", "state", "hx", "c", "cx", "cell", "ht", "ct", "hid", "memory", "s"])
_ZERO = frozenset(["zeros", "new_zeros", "zeros_like"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        member = cls.scope.vars.get("forward") if cls.base == "module" and cls.src is p.source else None
        if member is None or member.kind != "func":
            continue
        body = member.owner.node
        zeros = {n: s for s in syntax.walk(body) for n in _zeros(s)}
        for loop in (n for n in syntax.walk(body) if isinstance(n, ast.For)) if zeros else ():
            changed = {n for s in loop.body for n in _changed(s)}
            read = {
                n.id: n
                for s in loop.body
                for n in syntax.walk(s)
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
            }
            for name, node in zeros.items():
                if name not in read or name in changed or not set(words(name)) & _STATES:
                    continue
                if getattr(node, "lineno", 0) > loop.lineno or _set_elsewhere(body, name, node):
                    continue
                yield p.report(
                    "SB691",
                    (read[name], p.source),
                    f"the state {name} is never updated in the loop over time: every step starts from zeros",
                    why="the hidden state is not carried over, so the network has no memory",
                    fix=f"Assign the new state in the loop: {name} = ...",
                    related=((str(p.source.path), loop.lineno, "the loop"),),
                    severity=q.doubtful(p),
                )
                break


def _zeros(node: ast.AST) -> Iterator[str]:
    """Names that a statement sets to zeros."""
    if not isinstance(node, ast.Assign):
        return
    for target in node.targets:
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=False))
        for one, value in pairs:
            func = value.func if isinstance(value, ast.Call) else None
            called = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
            if isinstance(one, ast.Name) and called in _ZERO:
                yield one.id


def _changed(statement: ast.AST) -> Iterator[str]:
    """Names that a statement assigns, changes in place or hands to a method of their own."""
    for node in syntax.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            yield node.id
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            yield node.value.id
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.endswith("_"):
            yield getattr(node.func.value, "id", "")


def _set_elsewhere(body: ast.AST, name: str, node: ast.AST) -> bool:
    """Whether another statement gives the name another value."""
    stores = [n for n in syntax.walk(body) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)]
    inner = {id(n) for n in syntax.walk(node)}
    return any(id(n) not in inner for n in stores)
