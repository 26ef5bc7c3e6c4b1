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
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import op_shapes, syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_SPREAD = ("std", "var", "std_mean", "var_mean", "max", "amax", "min", "norm")
_LOSSES = frozenset(["loss", "criterion", "contrastive", "vicreg", "barlow", "twins", "whitening", "objective"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    found = list(_whole_modules(p))
    yield from found
    yield from _steps(p, {one.line for one in found})


def _whole_modules(p: Program) -> Iterator[Finding]:
    """Modules that do nothing but normalise their input."""
    for cls in p.classes:
        member = cls.scope.vars.get("forward") if cls.base == "module" else None
        if member is None or member.kind != "func" or member.owner.src is not p.source:
            continue
        node = member.owner.node
        first = node.args.args[1].arg if len(node.args.args) > 1 else ""
        centre = _reduced(node, first, ("mean",))
        spread = _reduced(node, first, ("std", "var"))
        if centre is None or spread is None or set(words(cls.name)) & _LOSSES:
            continue
        if "training" in syntax.text(cls.node) or "running" in syntax.text(cls.node):
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


def _steps(p: Program, known: set[int]) -> Iterator[Finding]:
    """Steps of a model that normalise what a layer gave, and that are run in evaluation too."""
    places: dict[int, list[Val]] = {}
    for val in p.made("div", "true_divide"):
        if val.kind == "tensor" and val.src is p.source:
            places.setdefault(id(val.node), []).append(val)
    for made in places.values():
        mean = next((m for v in made if not p.trained(v) and (m := _centre(v)) is not None), None)
        if mean is None or len({p.trained(v) for v in made}) < 2 or made[0].line in known:
            continue
        if _over_batch(mean) and _in_forward(p, made[0]):
            yield p.report(
                "SB535",
                made[0],
                "the model normalises with the mean and deviation of the batch, in eval mode too: it keeps no running "
                "statistics",
                why="a prediction depends on the other samples of its batch, on its size and its order",
                fix="Use nn.BatchNorm1d (running statistics) or statistics stored from the training data; "
                "LayerNorm normalises each sample by itself",
            )


def _over_batch(made: Val) -> bool:
    """Whether a statistic of a tensor goes over the batch axis, and not over a time axis in front."""
    base = made.args[0] if made.args else None
    if base is None or base.kind == "const":
        return False
    dim = op_shapes.dim_of(made.args, made.kwargs)
    if dim is None:
        return base.shape is not None and len(base.shape) >= 2
    axes = dim if isinstance(dim, tuple) else (dim,)
    if base.shape is not None and len(base.shape) < 2:
        return False
    return 0 in axes and (len(axes) > 1 or base.shape is None or len(base.shape) == 2)


def _centre(val: Val) -> Val | None:
    """The mean that is subtracted from a tensor which is then divided by its own spread."""
    top = f.core(val.args[0])
    if top.name == "mul" and len(top.args) == 2:  # the gain comes first: g * (x - mean) / std
        sides = [f.core(a) for a in top.args]
        top = next((b for a, b in (sides, sides[::-1]) if a.name in ("Parameter", "parameter")), top)
    if top.name != "sub" or len(top.args) != 2:
        return None
    base, mean = f.core(top.args[0]), f.core(top.args[1])
    if mean.name not in ("mean", "min", "amin") or not mean.args or f.core(mean.args[0]) is not base:
        return None
    spread = any(v.args and f.core(v.args[0]) is base for v in f.every(val.args[1], *_SPREAD))
    return mean if spread else None


def _in_forward(p: Program, val: Val) -> bool:
    """Whether an operation stands in a method of a module, in no branch on ``self.training``."""
    for cls in p.classes:
        if cls.base != "module" or not _holds(cls.node, val):
            continue
        branches = [n for n in syntax.walk(cls.node) if isinstance(n, (ast.If, ast.IfExp)) and _holds(n, val)]
        return not any("training" in syntax.text(b.test) for b in branches)
    return False


def _holds(node: ast.AST, val: Val) -> bool:
    return getattr(node, "lineno", 0) <= val.line <= (getattr(node, "end_lineno", 0) or 0)
