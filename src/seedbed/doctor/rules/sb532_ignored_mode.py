"""An overridden train() ignores its mode.

## What it does

Finds modules whose own `train(mode)` does not hand the mode on.

## Why is this bad

`eval()` calls `train(False)`. If the override calls `super().train()` without the mode, the model never leaves
training mode: dropout stays active in evaluation.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5))

    def train(self, mode=True):
        super().train()
        self.body[1].eval()
        return self

    def forward(self, x):
        return self.body(x)


net = Net()
net.eval()
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5))

    def train(self, mode=True):
        super().train(mode)
        self.body[1].eval()
        return self

    def forward(self, x):
        return self.body(x)


net = Net()
net.eval()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        if cls.base != "module":
            continue
        for name in ("train", "eval"):
            member = cls.scope.vars.get(name)
            if member is None or member.kind != "func" or member.owner.src is not p.source:
                continue
            problem, at, fix = _problem(name, member.owner.node)
            if problem:
                yield p.report(
                    "SB532",
                    (at, member.owner.src),
                    f"{cls.name}.{name}() is overridden and {problem}",
                    why="eval() is train(False): the submodules stay in the wrong mode during evaluation, with dropout",
                    fix=fix,
                    severity=q.doubtful(p) or (None if "super().train()" in problem else Severity.WARNING),
                )


def _problem(name: str, node: Any) -> tuple[str, ast.AST, str]:
    """What is wrong with an overridden ``train`` or ``eval``, where, and what to write."""
    spec = node.args
    params = [a.arg for a in [*spec.args[1:], *spec.kwonlyargs]]
    open_ = spec.vararg is not None or spec.kwarg is not None
    calls = [c for c in syntax.walk(node) if isinstance(c, ast.Call) and isinstance(c.func, ast.Attribute)]
    upper = [c for c in calls if syntax.text(c.func).startswith("super(") or syntax.text(c.func) == "nn.Module.train"]
    upper = [c for c in upper if isinstance(c.func, ast.Attribute) and c.func.attr in ("train", "eval")]
    if name == "eval":
        return "", node, ""
    if not params and not open_:
        if not upper:
            return "", node, ""
        return "takes no mode, but eval() calls train(False)", node, "Write def train(self, mode=True)"
    if not params:
        return "", node, ""
    mode = params[0]
    for c in upper:
        plain = isinstance(c.func, ast.Attribute) and c.func.attr == "train" and not c.args and not c.keywords
        if plain and not _branched(node, c, mode):
            return f"calls super().train() without {mode}: eval() leaves it in training mode", c, _fix(mode)
    if not upper and not any(isinstance(n, ast.Name) and n.id == mode for s in node.body for n in syntax.walk(s)):
        return f"ignores {mode}: eval() does nothing", node, _fix(mode)
    only = _own_flag(node, mode) if not upper else None
    if only is not None:
        return f"sets its own flag only, {syntax.text(only)}: eval() does not reach its layers", only, _fix(mode)
    return "", node, ""


def _own_flag(node: Any, mode: str) -> ast.Assign | None:
    """``self.training = mode`` where the mode goes nowhere else, neither to the parts nor into a branch."""
    found = [
        n
        for n in syntax.walk(node)
        if isinstance(n, ast.Assign)
        and [syntax.text(t) for t in n.targets] == ["self.training"]
        and syntax.text(n.value) in (mode, f"bool({mode})")
    ]
    uses = [n for s in node.body for n in syntax.walk(s) if isinstance(n, ast.Name) and n.id == mode]
    others = [n for s in node.body for n in syntax.walk(s) if isinstance(n, ast.Attribute) and n.attr in _REACHES]
    read = [n for n in others if n.attr != "training" or isinstance(n.ctx, ast.Load)]
    return found[0] if len(found) == len(uses) == 1 and not read else None


_REACHES = frozenset(["training", "children", "modules", "named_children", "named_modules", "_modules", "apply"])


def _branched(node: Any, call: ast.Call, mode: str) -> bool:
    """Whether the call stands in a branch on the mode."""
    return any(
        isinstance(n, (ast.If, ast.IfExp))
        and any(isinstance(t, ast.Name) and t.id == mode for t in syntax.walk(n.test))
        and call in syntax.walk(n)
        for n in syntax.walk(node)
    )


def _fix(mode: str) -> str:
    return f"Pass it on: super().train({mode})"
