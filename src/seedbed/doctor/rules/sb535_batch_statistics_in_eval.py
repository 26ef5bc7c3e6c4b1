"""A normalisation by hand uses the statistics of the batch in evaluation too.

## What it does

Finds layers that normalise over the batch axis and keep no running statistics for evaluation.

## Why is this bad

A prediction then depends on which other samples are in its batch; a single sample has no spread at all.

## Example

```python
class Norm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return self.gain * (x - x.mean(0)) / (x.std(0) + 1e-5)


model = nn.Sequential(nn.Linear(4, 8), Norm(8), nn.Linear(8, 2))
```

## Use instead

```python
class Norm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return self.gain * (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-5)


model = nn.Sequential(nn.Linear(4, 8), Norm(8), nn.Linear(8, 2))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_LOSSES = frozenset(["loss", "criterion", "contrastive", "vicreg", "barlow", "twins", "whitening", "objective"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        member = cls.scope.vars.get("forward") if cls.base == "module" else None
        if member is None or member.kind != "func" or member.owner.src is not p.source:
            continue
        if set(words(cls.name)) & _LOSSES or "training" in syntax.text(cls.node) or "running" in syntax.text(cls.node):
            continue
        node = member.owner.node
        first = node.args.args[1].arg if len(node.args.args) > 1 else ""
        centre = _reduced(node, first, ("mean",))
        spread = _reduced(node, first, ("std", "var"))
        if centre is None or spread is None:
            continue
        yield p.report(
            "SB535",
            (spread, p.source),
            f"{cls.name} normalises with the mean and deviation of the batch, in eval mode too: it keeps no running "
            "statistics",
            why="in evaluation the output for one sample depends on the others in its batch "
            "(a batch of one gives NaN or zeros)",
            fix="Keep running statistics in buffers and use them if not self.training, or use nn.BatchNorm1d/2d",
        )


def _reduced(node: Any, name: str, kinds: tuple[str, ...]) -> ast.AST | None:
    """A reduction of the input over the batch axis."""
    for n in syntax.walk(node):
        if not isinstance(n, ast.Call) or not isinstance(n.func, ast.Attribute) or n.func.attr not in kinds:
            continue
        args = list(n.args)
        if syntax.text(n.func.value) == "torch" and args:
            base, args = args[0], args[1:]
        else:
            base = n.func.value
        if not isinstance(base, ast.Name) or base.id != name:
            continue
        axis = next((k.value for k in n.keywords if k.arg in ("dim", "axis")), args[0] if args else None)
        if isinstance(axis, ast.Constant) and axis.value == 0 and axis.value is not False:
            return n
        if isinstance(axis, (ast.Tuple, ast.List)) and axis.elts:
            lead = axis.elts[0]
            if isinstance(lead, ast.Constant) and lead.value == 0:
                return n
    return None
