"""Rows are normalised by numbers that broadcast along the columns.

## What it does

Finds `x / x.sum(dim=1)` (also `-`, `*`, and `mean`, `std`, `max`, `norm`): the result of the reduction has lost its
axis and is spread over the last axis instead.

## Why is this bad

Where the matrix is square nothing raises: entry (i, j) is divided by the sum of row j, not of row i.

## Example

```python
adj = (torch.rand(50, 50) < 0.1).float() + torch.eye(50)
adj = adj / adj.sum(dim=1)
out = nn.Linear(8, 4)(adj @ torch.randn(50, 8))
```

## Use instead

```python
adj = (torch.rand(50, 50) < 0.1).float() + torch.eye(50)
adj = adj / adj.sum(dim=1, keepdim=True)
out = nn.Linear(8, 4)(adj @ torch.randn(50, 8))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import op_shapes
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_REDUCE = ("sum", "mean", "std", "var", "amax", "amin", "norm", "logsumexp", "prod")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("div", "true_divide", "sub", "mul"):
        if val.kind != "tensor" or len(val.args) != 2:
            continue
        base, factor = val.args
        made = _bare(factor)
        if made is None or not made.args or made.args[0] is not base or id(val.node) in seen or "pandas" in base.tags:
            continue
        dim = op_shapes.dim_of(made.args, made.kwargs, 2 if made.name == "norm" else 1)
        if not isinstance(dim, int) or isinstance(dim, bool) or _kept(made):
            continue
        rank = len(base.shape) if base.shape is not None else None
        if dim < 0 and (rank is None or rank < 2 or dim % rank == 0):
            continue
        if dim == 0 or (rank is not None and rank < 2):
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB871",
            made if made.line and made.src is val.src else val,
            f"{made.name}(dim={dim}) without keepdim=True broadcasts along the wrong axis: rows are "
            f"{'divided' if 'div' in val.name else 'combined'} by the values of other rows",
            why="the reduced axis is gone, so the numbers are spread over the last axis (columns); a square matrix "
            "hides it",
            fix=f"Use {made.name}(dim={dim}, keepdim=True)",
        )


def _bare(val: Val) -> Val | None:
    """The reduction itself, with a small constant added or a lower bound at most."""
    for _ in range(4):
        if val.name in _REDUCE and val.kind == "tensor":
            return val
        if val.name in ("add", "clamp", "clamp_min", "maximum", "sqrt") and val.args:
            rest = [a for a in val.args[1:] if a.kind not in ("const", "number")]
            if rest:
                return None
            val = val.args[0]
        else:
            return None
    return None


def _kept(made: Val) -> bool:
    """Whether the reduction keeps its axis."""
    for name in ("keepdim", "keepdims"):
        flag = made.kwargs.get(name)
        if flag is not None:
            return flag.const is not False
    place = 3 if made.name == "norm" else 2
    return len(made.args) > place and made.args[place].const is not False
