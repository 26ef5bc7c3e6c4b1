"""A loop over layers uses only one of them.

## What it does

Finds loops in `forward` that call the same layer in every round, that give every layer the same input and keep only
the last output, or that return in the first round.

## Why is this bad

The model is one layer deep. Nothing raises, because all layers have the same shape.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(4)])

    def forward(self, x):
        for layer in self.layers:
            h = torch.relu(layer(x))
        return h

Net()(torch.randn(2, 8))
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(4)])

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x

Net()(torch.randn(2, 8))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        member = cls.scope.vars.get("forward") if cls.base == "module" and cls.src is p.source else None
        if member is None or member.kind != "func":
            continue
        lists = _lists(cls.node)
        for loop in syntax.walk(member.owner.node):
            if not isinstance(loop, ast.For) or not any(f"self.{n}" in syntax.text(loop.iter) for n in lists):
                continue
            found = _problem(loop, lists, member.owner.node)
            if found is not None:
                node, said = found
                yield p.report(
                    "SB548",
                    (node, p.source),
                    said,
                    why="the other layers of the list have no influence on the output and get no gradient",
                    fix="Feed each layer with the output of the one before: x = layer(x), and return after the loop",
                    severity=q.doubtful(p),
                )


def _lists(node: ast.ClassDef) -> set[str]:
    """Attributes that are lists of layers."""
    return {
        t.attr
        for n in syntax.walk(node)
        if isinstance(n, ast.Assign) and isinstance(n.value, ast.Call)
        for t in n.targets
        if isinstance(t, ast.Attribute) and syntax.text(n.value.func).rsplit(".", 1)[-1] == "ModuleList"
    }


def _problem(loop: ast.For, lists: set[str], forward: ast.AST) -> tuple[ast.AST, str] | None:
    last = loop.body[-1]
    if isinstance(last, ast.Return) and len(loop.body) < 5 and not any(isinstance(n, ast.If) for n in loop.body):
        return last, "forward() returns inside the loop over its layers: only the first layer is used"
    targets = {n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)}
    read = {n.id for s in loop.body for n in syntax.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    for statement in loop.body:
        for node in syntax.walk(statement):
            text = syntax.text(node.func) if isinstance(node, ast.Call) else ""
            if any(text == f"self.{n}[0]" for n in lists) and not targets & read and len(loop.body) < 4:
                return node, f"every round of the loop calls the same layer {text}: the index does not change"
    return _same_input(loop, targets, forward)


def _same_input(loop: ast.For, targets: set[str], forward: ast.AST) -> tuple[ast.AST, str] | None:
    """``h = layer(x)`` in every round with the same ``x``, and nothing collects ``h``."""
    if len(loop.body) != 1 or not isinstance(loop.body[0], ast.Assign):
        return None
    line = loop.body[0]
    names = {n.id for t in line.targets for n in syntax.walk(t) if isinstance(n, ast.Name)}
    read = {n.id for n in syntax.walk(line.value) if isinstance(n, ast.Name)}
    whole = all(isinstance(t, ast.Name) for t in line.targets)
    calls = any(
        isinstance(n, ast.Call)
        and ((isinstance(n.func, ast.Name) and n.func.id in targets) or syntax.text(n.func).startswith("self."))
        for n in syntax.walk(line.value)
    )
    later = {n.id for n in syntax.walk(forward) if isinstance(n, ast.Name) and n.lineno > (loop.end_lineno or 0)}
    if whole and calls and targets & read and not names & read and names & later:
        return line, (
            f"every layer of the loop gets the same input and {sorted(names)[0]} is overwritten: only the last layer "
            "is used"
        )
    return None
