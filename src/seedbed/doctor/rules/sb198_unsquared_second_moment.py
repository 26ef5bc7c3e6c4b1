"""The second moment of a hand-written Adam averages the gradient, not its square.

## What it does

Finds optimizers written by hand that take the root of an average of plain gradients.

## Why is this bad

An average of gradients can be negative: its root is NaN, or the scale of the step is arbitrary. Adam and RMSprop divide
by the root of the averaged squares.

## Example

```python
class RMS(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if "v" not in state:
                    state["v"] = torch.zeros_like(p)
                state["v"].mul_(0.99).add_(p.grad, alpha=0.01)
                p.sub_(group["lr"] * p.grad / (state["v"].sqrt() + 1e-8))
```

## Use instead

```python
class RMS(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if "v" not in state:
                    state["v"] = torch.zeros_like(p)
                state["v"].mul_(0.99).addcmul_(p.grad, p.grad, value=0.01)
                p.sub_(group["lr"] * p.grad / (state["v"].sqrt() + 1e-8))
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
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    averages = [e for e in p.all("inplace") if e.name == "add_" and e.recv is not None and e.recv.name == "mul_"]
    averages = [e for e in averages if e.args and _is_gradient(e.args[0])]
    roots = _roots(p) if averages else {}
    seen: set[int] = set()
    for event in averages:
        if id(event.node) in seen:
            continue
        place = _place(event.node)
        root = roots.get(place) if place else None
        if root is None:
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB198",
            event,
            f"{place} is an average of the gradient, but its square root is taken: the second moment needs the squared "
            "gradient",
            why="the average of plain gradients can be negative, so the root is NaN or the step has an arbitrary scale",
            fix="Average the square: v.mul_(beta).addcmul_(grad, grad, value=1 - beta)",
            related=((str(event.src.path), root.lineno, "the root"),),
        )


def _is_gradient(val: Val) -> bool:
    """Whether a value is a gradient as it is, or times a number."""
    for _ in range(4):
        if val.name == "grad" and val.kind == "tensor":
            return True
        if val.name != "mul" or len(val.args) != 2:
            return False
        rest = [a for a in val.args if a.kind not in ("const", "number")]
        if len(rest) != 1:
            return False
        val = rest[0]
    return False


def _place(node: ast.AST) -> str:
    """``state["v"]`` in ``state["v"].mul_(b).add_(g)``."""
    base: ast.AST = node
    while isinstance(base, ast.Call) and isinstance(base.func, ast.Attribute) and base.func.attr.endswith("_"):
        base = base.func.value
    return syntax.text(base) if isinstance(base, (ast.Name, ast.Attribute, ast.Subscript)) else ""


def _roots(p: Program) -> dict[str, ast.Call]:
    """What a square root is taken of, by its text: as a method or a function."""
    found: dict[str, ast.Call] = {}
    for call in q.nodes(p, ast.Call):
        name = syntax.text(call.func)
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("sqrt", "rsqrt", "sqrt_") and not call.args:
            found[_bare(syntax.text(call.func.value))] = call
        elif re.fullmatch(r"(torch|math)\.r?sqrt", name) and call.args:
            found[_bare(syntax.text(call.args[0]))] = call
    return found


def _bare(text: str) -> str:
    """Without what corrects or protects the value: ``v / (1 - b2 ** t)``, ``v + eps``."""
    return re.split(r"\s[/+*]\s", text.strip("()"))[0].strip()
