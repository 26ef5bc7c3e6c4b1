"""Attention scores are not divided by sqrt(d).

## What it does

Finds attention scores that are not divided by the square root of their width.

## Why is this bad

The scores grow with the width, the softmax saturates and the gradient vanishes.

## Example

```python
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(64, 64)
        self.k = nn.Linear(64, 64)
        self.v = nn.Linear(64, 64)

    def forward(self, x):
        scores = self.q(x) @ self.k(x).transpose(-2, -1)
        return F.softmax(scores, dim=-1) @ self.v(x)
```

## Use instead

```python
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(64, 64)
        self.k = nn.Linear(64, 64)
        self.v = nn.Linear(64, 64)

    def forward(self, x):
        scores = self.q(x) @ self.k(x).transpose(-2, -1) / 64**0.5
        return F.softmax(scores, dim=-1) @ self.v(x)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import tokens, training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _multiplied(p)
    yield from _wrong_divisor(p)
    seen: set[int] = set()
    for made, source in training.softmaxes(p):
        current = source
        while current.name in ("masked_fill", "add", "where") and current.args:
            current = next(
                (
                    a
                    for a in current.args
                    if a.kind == "tensor" and a.name in ("matmul", "bmm", "einsum", "masked_fill", "where")
                ),
                current.args[0],
            )
        if current.name not in ("matmul", "bmm", "einsum") or len(current.args) < 2 or id(current.node) in seen:
            continue
        sides = [_projection(a) for a in current.args if a.kind == "tensor" or a.kind == "phi"]
        if (
            len(sides) == 2
            and all(sides)
            and not _of_single_numbers(current)
            and any(u.name in ("matmul", "bmm", "einsum", "dropout") for u in q.users(p, made))
        ):
            seen.add(id(current.node))
            yield p.report(
                "SB222",
                current,
                "attention scores are not scaled by 1/sqrt(d): the softmax saturates",
                why="dot products grow with the width, so nearly all weight goes to one position and gradients vanish",
                fix="Divide the scores by math.sqrt(d_k) before the softmax",
            )


def _of_single_numbers(scores: Val) -> bool:
    """Whether queries and keys are parts of one layer that gives a number or so for each: then d is about one."""
    layers = [v.owner for a in scores.args for v in ancestors(a, limit=20) if getattr(v.owner, "name", "") == "Linear"]
    widths = [w for v in layers if isinstance(w := v.number(1, "out_features"), int)]
    return bool(widths) and max(widths) <= 3


def _multiplied(p: Program) -> Iterator[Finding]:
    """Scores that are multiplied with sqrt(d), or divided by d twice."""
    seen: set[int] = set()
    for source in (_unmasked(o) for _, s in training.softmaxes(p) for o in s.options()):
        parts = f.factors(source)
        scores = [v for v, power in parts if power > 0 and v.name in ("matmul", "bmm", "einsum") and len(v.args) > 1]
        sides = [a for a in scores[0].args if a.kind in ("tensor", "phi")][:2] if len(scores) == 1 else []
        if len(sides) != 2 or id(source.node) in seen or not all(_projection(a) for a in sides):
            continue
        turned = [v for v, power in parts if power < 0 and _is_inverse(v, sides[0])]
        if turned and len(parts) == 2:
            seen.add(id(source.node))
            number = f" = {turned[0].const:.3g}" if isinstance(turned[0].const, float) else ""
            yield p.report(
                "SB222",
                source,
                f"attention scores are divided by 1/sqrt(d){number}, which multiplies them by sqrt(d)",
                why="the scale is inverted already: divided by it the scores are d times too large, the softmax "
                "saturates and the gradient vanishes",
                fix="Multiply by the scale: scores = (q @ k.transpose(-2, -1)) * scale, or divide by math.sqrt(d_k)",
            )
            continue
        grown = [v for v, power in parts if power > 0 and _is_root(v)]
        shrunk = [v for v, power in parts if power < 0 and _is_root(v)]
        if grown or len(shrunk) > 1:
            seen.add(id(source.node))
            said = "multiplied by sqrt(d) instead of divided" if grown else "divided by sqrt(d) twice"
            yield p.report(
                "SB222",
                source,
                f"attention scores are {said}: the scale must be 1/sqrt(d_k), once",
                why="with scores that are too large the softmax saturates; with too small ones it is nearly uniform",
                fix="Use scores = q @ k.transpose(-2, -1) / math.sqrt(d_k)",
            )


def _unmasked(source: Val) -> Val:
    """Scores before some of them were hidden."""
    while source.name in ("masked_fill", "masked_fill_") and source.args:
        source = source.args[0]
    return source


def _is_inverse(val: Val, query: Val) -> bool:
    """Whether a factor is one over the root of a width: ``d ** -0.5``, ``1 / math.sqrt(d)``, ``rsqrt``."""
    if val.grad:
        return False
    if val.name == "rsqrt" or (val.name == "pow" and val.number(1, "exponent") == -0.5):
        return True
    width = query.shape[-1] if query.shape else None
    if type(val.const) is not float or not 0 < val.const < 1 or not isinstance(val.node, (ast.BinOp, ast.Call)):
        return False
    if isinstance(width, int):
        return width > 1 and abs(val.const * val.const * width - 1) < 1e-6
    return isinstance(val.node, ast.BinOp) and isinstance(val.node.op, ast.Pow)


def _wrong_divisor(p: Program) -> Iterator[Finding]:
    """Scores divided by the width itself, or by the root of the length of the sequence."""
    seen: set[int] = set()
    for _, source in training.softmaxes(p):
        source = _unmasked(source)
        parts = f.factors(source)
        scores = [v for v, power in parts if power > 0 and v.name in ("matmul", "bmm", "einsum") and len(v.args) > 1]
        below = [v for v, power in parts if power < 0] or [v for v, _ in parts if type(v.const) is float]
        if len(scores) != 1 or len(parts) != 2 or len(below) != 1 or id(source.node) in seen:
            continue
        sides = [a for a in scores[0].args if a.kind in ("tensor", "phi")][:2]
        if len(sides) != 2 or not all(_projection(a) for a in sides):
            continue
        said = _divisor(below[0], sides[0])
        if said:
            seen.add(id(source.node))
            at = below[0] if isinstance(below[0].node, (ast.BinOp, ast.Call)) and below[0].line else source
            yield p.report(
                "SB222",
                at if at.src is source.src and at.name != "const" else source,
                f"attention scores are divided by {said}: the scale must be 1/sqrt(d_k)",
                why="scores that are too small make the attention nearly uniform; the width sets their spread",
                fix="Use scores = q @ k.transpose(-2, -1) / math.sqrt(d_k)",
            )


def _divisor(val: Val, query: Val) -> str:
    """What scores are divided by, where it is not the root of the width of a query."""
    width = query.shape[-1] if query.shape else None
    if isinstance(width, int) and width > 4 and type(val.const) is float and abs(val.const * width - 1) < 1e-9:
        return f"d_k = {width} itself, not by its square root (sqrt)"
    if type(val.const) is float and val.const < 1:
        return ""
    if val.kind == "const" and type(val.const) is int and isinstance(width, int) and val.const == width > 4:
        return f"d_k = {width} itself, not by its square root (sqrt)"
    if val.kind == "const" or val.name == "sqrt" or (val.name == "pow" and val.number(1, "exponent") == 0.5):
        read = tokens.axis_read(val.args[0]) if val.args else _written(val)
        rank = len(query.shape) if query.shape else None
        if read is not None and read[1] != -1 and (read[1] == -2 or (rank and 0 < read[1] < rank - 1)):
            return "the square root (sqrt) of the sequence length, not of the width"
        return ""
    read = tokens.axis_read(val)
    rank = len(query.shape) if query.shape else None
    if read is not None and (read[1] == -1 or (rank is not None and read[1] == rank - 1)) and val.kind != "const":
        return "d_k itself, not by its square root (sqrt)"
    return ""


def _written(val: Val) -> tuple[Val, int] | None:
    """The axis whose size a root that is known as a number was taken of: ``math.sqrt(q.size(1))``."""
    node = val.node
    inner = node.args[0] if isinstance(node, ast.Call) and len(node.args) == 1 else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        inner = node.left
    if inner is None or not isinstance(val.const, float):
        return None
    return tokens.axis_read(Val("const", "int", inner, val.src))


def _is_root(val: Val) -> bool:
    """Whether a factor is the root of a width: ``math.sqrt(d)``, ``d ** 0.5``, or a number such as 8.0."""
    if val.name == "sqrt" or (val.name == "pow" and val.number(1, "exponent") == 0.5):
        return not val.grad
    return isinstance(val.const, float) and val.const > 1.4 and isinstance(val.node, (ast.BinOp, ast.Call))


def _projection(val: Val) -> bool:
    """Whether a value is a linear projection, only moved around."""
    return all(
        o.name in ("Linear", "linear", "chunks", "part", "element") and o.kind in ("tensor", "unknown")
        for o in training.loss_origins(val)
    ) and any(v.name in ("Linear", "linear") for v in ancestors(val, limit=60))
