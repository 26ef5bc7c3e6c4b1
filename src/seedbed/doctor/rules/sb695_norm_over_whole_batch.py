"""A normalisation layer divides by the size of the whole batch.

## What it does

Finds `x / x.pow(2).mean().sqrt()` (also `norm()`, `std()`, `max()`) without `dim` in a `forward`.

## Why is this bad

The size is that of all samples together: one large sample shrinks the others, and a prediction depends on what else is
in the batch.

## Example

```python
class RMSNorm(nn.Module):
    def forward(self, x):
        return x / (x.pow(2).mean() + 1e-6).sqrt()

net = nn.Sequential(nn.Linear(6, 24), RMSNorm(), nn.Linear(24, 2))
loss = F.cross_entropy(net(torch.randn(8, 6)), torch.zeros(8, dtype=torch.long))
loss.backward()
```

## Use instead

```python
class RMSNorm(nn.Module):
    def forward(self, x):
        return x / (x.pow(2).mean(-1, keepdim=True) + 1e-6).sqrt()

net = nn.Sequential(nn.Linear(6, 24), RMSNorm(), nn.Linear(24, 2))
loss = F.cross_entropy(net(torch.randn(8, 6)), torch.zeros(8, dtype=torch.long))
loss.backward()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_SIZES = frozenset(["mean", "norm", "std", "sum", "max", "amax"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("return"):
        made = event.result
        if made is None or not event.funcs or event.funcs[-1].name != "forward" or event.funcs[-1].owner is None:
            continue
        parts = f.factors(made)
        below = [s for v, power in parts if _divides(v, power) and (s := _size(v)) is not None]
        if len(below) != 1 or id(below[0].node) in seen or not p.trained(made):
            continue
        base = _inner(below[0])
        if base is None or base.shape is None or len(base.shape) < 2 or base.name in ("Parameter", "parameter"):
            continue
        if not base.grad or not any(v is f.core(base) for v, power in parts if power > 0):
            continue
        seen.add(id(below[0].node))
        yield p.report(
            "SB695",
            below[0],
            f"{below[0].name}() without dim is taken over the whole batch: one sample's normalisation depends on the "
            "others",
            why="each sample must be divided by its own size, over the feature dimension",
            fix=f"Use {below[0].name}(dim=-1, keepdim=True)",
        )


def _divides(val: Val, power: int) -> bool:
    """Whether a factor is a divisor: ``/ size``, or ``* rsqrt(size)``."""
    return power < 0 if val.name not in ("rsqrt", "reciprocal") else power > 0


def _size(val: Val) -> Val | None:
    """The reduction of everything that a divisor is."""
    for _ in range(6):
        val = f.core(val)
        if val.name in _SIZES and val.kind == "tensor" and val.args:
            return val if len(val.args) == 1 and not set(val.kwargs) & {"dim", "axis"} else None
        if val.name in ("sqrt", "rsqrt", "reciprocal", "add", "clamp", "clamp_min") and val.args:
            val = val.args[0]
        else:
            return None
    return None


def _inner(val: Val) -> Val | None:
    """What is reduced, without its square."""
    base = val.args[0]
    for _ in range(3):
        if base.name in ("pow", "square", "abs") and base.args:
            base = base.args[0]
    if base.name == "mul" and len(base.args) == 2 and base.args[0] is base.args[1]:
        base = base.args[0]
    return base
