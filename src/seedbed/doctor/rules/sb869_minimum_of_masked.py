"""A minimum is taken over values that a mask has set to zero.

## What it does

Finds `(distance * mask).min()`: the masked entries are 0, smaller than any distance.

## Why is this bad

The minimum is always one of the masked zeros. Hard negative mining then never sees a negative.

## Example

```python
z = nn.Linear(8, 4)(torch.randn(32, 8))
labels = torch.randint(0, 5, (32,))
different = labels[:, None] != labels[None, :]
hardest = (torch.cdist(z, z) * different).min(1).values
```

## Use instead

```python
z = nn.Linear(8, 4)(torch.randn(32, 8))
labels = torch.randint(0, 5, (32,))
different = labels[:, None] != labels[None, :]
hardest = torch.cdist(z, z).masked_fill(~different, float("inf")).min(1).values
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_POSITIVE = ("cdist", "pairwise_distance", "norm", "square", "abs", "exp", "softplus", "pow", "dist")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls("min", "amin", "argmin", "topk"):
        if event.name.rsplit(".", 1)[-1] not in ("min", "amin", "argmin", "topk") or event.result is None:
            continue
        source = event.recv if event.name.startswith(".") else event.args[0] if event.args else None
        if event.name.endswith("topk"):
            flag = event.kwargs.get("largest")
            if flag is None or flag.const is not False:
                continue
        if not event.name.startswith(".") and len(event.args) > 1 and event.args[1].kind == "tensor":
            continue  # the smaller one of two tensors, element by element
        inner = f.core(source) if source is not None else None
        if inner is None or inner.name not in ("mul", "masked_fill"):
            continue
        emptied = inner.name == "masked_fill" and len(inner.args) == 3 and inner.args[2].const in (0, 0.0)
        if not emptied and (inner.name != "mul" or len(inner.args) != 2):
            continue
        for value, mask in (inner.args[:2], *(() if emptied else (inner.args[::-1],))):
            if _positive(value) and _mask(mask):
                yield p.report(
                    "SB869",
                    event,
                    "the minimum over masked distances is always 0, that of a masked pair: fill the mask with inf",
                    why="masked entries are 0, smaller than every distance, so no real (negative) pair is ever chosen",
                    fix="Use distance.masked_fill(~mask, float('inf')).min(...)",
                )
                break


def _positive(val: Val) -> bool:
    one = f.core(val)
    if one.name in ("clamp", "clip", "clamp_min"):
        low = one.number(1, "min")
        return isinstance(low, int | float) and low >= 0
    return one.name in _POSITIVE or (one.name in ("sqrt", "sum") and bool(one.args) and _positive(one.args[0]))


def _mask(val: Val) -> bool:
    return any(
        v.name in ("compare", "eq", "ne", "invert", "logical_not") or v.dtype == "bool" or "mask" in v.var
        for v in q.chain(val)[:4]
    )
