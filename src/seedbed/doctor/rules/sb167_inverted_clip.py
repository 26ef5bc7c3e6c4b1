"""Clipping by hand scales the wrong gradients, or scales them the wrong way.

## What it does

Finds gradients that are multiplied by ``limit / norm`` while the norm is below the limit, or by ``norm / limit`` while
it is above it.

## Why is this bad

Small gradients are blown up and large ones stay, which is the opposite of clipping.

## Example

```python
model = nn.Linear(20, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
limit = 1.0
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    norm = torch.sqrt(sum((w.grad**2).sum() for w in model.parameters()))
    if norm < limit:
        for w in model.parameters():
            w.grad.mul_(limit / norm)
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(20, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
limit = 1.0
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    norm = torch.sqrt(sum((w.grad**2).sum() for w in model.parameters()))
    if norm > limit:
        for w in model.parameters():
            w.grad.mul_(limit / norm)
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_OVER = {"Gt": 1, "GtE": 1, "Lt": -1, "LtE": -1}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("inplace", "augment", "setitem", "attribute"):
        if id(event.node) in seen or not event.args or event.recv is None or not _of_gradient(event):
            continue
        ratio = _ratio(event)
        way = _branch(event, ratio) if ratio is not None else 0
        if ratio is None or way == 0:
            continue
        shrinks = _is_norm(ratio.args[1])
        if shrinks == (way > 0):
            continue
        seen.add(id(event.node))
        said = "limit / norm" if shrinks else "norm / limit"
        when = "above" if way > 0 else "below"
        branch = next(c[0] for c in reversed(event.conds) if isinstance(c[0], ast.If))
        yield p.report(
            "SB167",
            (branch, event.src),
            f"the gradient clipping by hand is turned over: gradients are multiplied by {said} while the norm is "
            f"{when} the limit, so they grow",
            why="large gradients are not scaled down (clipped), others are blown up",
            fix="Multiply by max_norm / norm if norm > max_norm, or use clip_grad_norm_",
            related=((str(event.src.path), event.line, "scaled here"),),
        )


def _of_gradient(event: Event) -> bool:
    """Whether a gradient is scaled in place or replaced by its multiple."""
    if event.kind == "inplace" and event.name not in ("mul_", "copy_"):
        return False
    if event.kind == "augment" and event.name != "Mult":
        return False
    if event.kind == "attribute" and event.name not in ("grad", "data"):
        return False
    return event.name == "grad" or (
        event.recv is not None and any(v.name == "grad" for v in ancestors(event.recv, limit=6))
    )


def _is_norm(val: Val) -> bool:
    """Whether a value is worked out from gradients: their norm."""
    return any(v.name == "grad" for v in ancestors(val, limit=80))


def _ratio(event: Event) -> Val | None:
    """The quotient of the norm and something fixed in the factor."""
    for val in ancestors(event.args[-1], limit=12):
        if val.name in ("div", "true_divide") and len(val.args) == 2 and val.kind in ("tensor", "number", "unknown"):
            one, two = (_is_norm(a) for a in val.args)
            if one != two:
                return val
    return None


def _branch(event: Event, ratio: Val) -> int:
    """1 where the branch is taken for a norm above the limit, -1 below it, 0 where that is not clear."""
    for node, arm, test in reversed(event.conds):
        if not isinstance(node, ast.If):
            continue
        for val in test.options():
            if val.name != "compare" or len(val.args) != 2 or arm != 0:
                return 0
            sign = next((_OVER[t] for t in val.tags if t in _OVER), 0)
            left, right = val.args
            if left is ratio or right is ratio:  # coef < 1, with coef = limit / norm or norm / limit
                other = right if left is ratio else left
                sign = sign if left is ratio else -sign
                if other.const not in (1, 1.0):
                    return 0
                return -sign if _is_norm(ratio.args[1]) else sign
            one, two = _is_norm(left), _is_norm(right)
            if one != two:
                return sign if one else -sign
        return 0
    return 0
