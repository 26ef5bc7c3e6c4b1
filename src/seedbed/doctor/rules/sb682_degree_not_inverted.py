"""A graph is multiplied by its degrees where it must be divided by them.

## What it does

Finds `D @ A @ D` where `D` holds the square roots of the degrees (`deg ** 0.5`) instead of their inverses.

## Why is this bad

Every layer multiplies the features by the degree, squared on the way through two layers: activations of well-connected
nodes explode.

## Example

```python
adj = ((torch.rand(50, 50) < 0.1).float() + torch.eye(50)).clamp(max=1)
deg = adj.sum(1)
scale = torch.diag(deg ** 0.5)
out = nn.Linear(8, 4)(scale @ adj @ scale @ torch.randn(50, 8))
```

## Use instead

```python
adj = ((torch.rand(50, 50) < 0.1).float() + torch.eye(50)).clamp(max=1)
deg = adj.sum(1)
scale = torch.diag(deg ** -0.5)
out = nn.Linear(8, 4)(scale @ adj @ scale @ torch.randn(50, 8))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.diffusion import bare
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for outer in p.made("matmul", "mm", "mul"):
        parts = _chain(outer, outer.name)
        if len(parts) != 3:
            continue
        sides = [_root_of_degree(parts[0]), _root_of_degree(parts[2])]
        if sides[0] is None or sides[1] is None or outer.grad:
            continue
        if not any(v is bare(sides[0].args[0]) for v in ancestors(sides[0], limit=20)):
            continue
        adjacency = bare(parts[1])
        degree = next((v for v in ancestors(sides[0], limit=20) if v.name == "sum"), None)
        if degree is None or not degree.args or bare(degree.args[0]) is not adjacency:
            continue
        yield p.report(
            "SB682",
            sides[0] if sides[0].line else outer,
            "the adjacency matrix is multiplied by the square roots of the degrees: they must be inverse (deg ** -0.5)",
            why="the normalised matrix is D^-1/2 A D^-1/2; without the minus sign the features grow with the degree",
            fix="Use deg.pow(-0.5) (with inf set to 0) on both sides",
        )
        return


def _chain(val: Val, name: str) -> list[Val]:
    """The three factors of ``a @ b @ c`` (or of a product by elements), in their order."""
    if len(val.args) != 2:
        return []
    left, right = val.args
    if bare(left).name in ("matmul", "mm", name) and len(bare(left).args) == 2:
        return [*bare(left).args, right]
    if bare(right).name in ("matmul", "mm", name) and len(bare(right).args) == 2:
        return [left, *bare(right).args]
    return []


def _root_of_degree(val: Val) -> Val | None:
    """A power above zero of the sums of rows."""
    one = bare(val)
    if one.name in ("diag", "diag_embed", "diagflat") and one.args:
        one = bare(one.args[0])
    risen = one.name == "sqrt" or (one.name == "pow" and one.number(1, "exponent") in (0.5, 1, 1.0))
    return one if risen and one.args and any(v.name == "sum" for v in ancestors(one.args[0], limit=12)) else None
