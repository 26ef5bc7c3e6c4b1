"""The overlap of boxes that do not overlap is counted.

## What it does

Finds intersections of boxes, (smaller right - larger left) * (smaller bottom - larger top), whose sides are not cut off
at zero.

## Why is this bad

For boxes that lie apart the sides are negative. Apart in both directions, the product is positive: the intersection
over union of two far-away boxes can be large.

## Example

```python
def overlap(a, b):
    top = torch.max(a[:, :2], b[:, :2])
    low = torch.min(a[:, 2:], b[:, 2:])
    side = low - top
    return side[:, 0] * side[:, 1]

print(overlap(nn.Linear(8, 4)(torch.randn(10, 8)), torch.rand(10, 4)))
```

## Use instead

```python
def overlap(a, b):
    top = torch.max(a[:, :2], b[:, :2])
    low = torch.min(a[:, 2:], b[:, 2:])
    side = (low - top).clamp(min=0)
    return side[:, 0] * side[:, 1]

print(overlap(nn.Linear(8, 4)(torch.randn(10, 8)), torch.rand(10, 4)))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_LOW, _HIGH = frozenset(["min", "minimum", "fmin"]), frozenset(["max", "maximum", "fmax"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("mul", "prod"):
        if id(val.node) in seen or not val.args:
            continue
        if val.name == "prod":
            sides = [_side(val.args[0])]
        elif len(val.args) == 2 and val.args[0] is not val.args[1]:
            sides = [_side(a) for a in val.args]
        else:
            continue
        known = [s for s in sides if s is not None]
        if len(known) != len(sides) or _asked(p, [*known, *val.args, val]):
            continue
        if (
            val.name == "mul"
            and known[0] is known[1]
            and not all(core(a).name in ("getitem", "part") for a in val.args)
        ):
            continue
        seen.add(id(val.node))
        first = known[0]
        yield p.report(
            "SB675",
            first if first.line and first.src is val.src else val,
            "the sides of the intersection are not cut off at zero (clamp): boxes that lie apart get a negative side, "
            "and two negative sides a positive overlap",
            why="for boxes apart in both directions the product of the sides is positive, so the IoU is wrong",
            fix="Use (right - left).clamp(min=0) for each side before multiplying",
        )


def _side(val: Val) -> Val | None:
    """``min(..) - max(..)``, or a part of it."""
    for _ in range(6):
        val = core(val)
        if val.name in ("getitem", "part", "element") and val.args:
            val = val.args[0]
    if val.name != "sub" or len(val.args) != 2:
        return None
    return val if _picks(val.args[0], _LOW) and _picks(val.args[1], _HIGH) else None


def _picks(val: Val, names: frozenset[str]) -> bool:
    """Whether a value is the smaller (larger) of two, not of all along an axis."""
    for _ in range(4):
        if val.name in ("getitem", "part", "element") and val.args and val.name not in names:
            val = val.args[0]
    return val.name in names and len(val.args) >= 2 and all(a.kind != "const" for a in val.args[:2])


def _asked(p: Program, vals: list[Val]) -> bool:
    """Whether something compares the sides or the corners with a number or each other."""
    wanted = {id(v) for v in vals} | {id(a) for v in vals if v.name == "sub" for a in v.args}
    names = ("compare", "clamp", "clamp_", "relu", "gt", "lt", "ge", "le", "where", "maximum", "masked_fill")
    return any(any(id(a) in wanted for a in made.args) for made in p.made(*names))
