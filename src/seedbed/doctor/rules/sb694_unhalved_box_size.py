"""Corners of a box are its centre plus and minus the whole size.

## What it does

Finds conversions from centre and size to corners, `cat([xy - wh, xy + wh])`, in which the size is not halved.

## Why is this bad

The boxes are twice as wide and high. Overlaps with the true boxes are wrong, and so is everything that is made of them.

## Example

```python
def to_corners(box):
    xy, wh = box[:, :2], box[:, 2:]
    return torch.cat([xy - wh, xy + wh], dim=1)

print(to_corners(nn.Linear(8, 4)(torch.randn(3, 8))))
```

## Use instead

```python
def to_corners(box):
    xy, wh = box[:, :2], box[:, 2:]
    return torch.cat([xy - wh / 2, xy + wh / 2], dim=1)

print(to_corners(nn.Linear(8, 4)(torch.randn(3, 8))))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_SAID = frozenset(["corners", "xyxy", "cxcywh", "xywh", "corner"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.makers("cat", "stack", "concat"):
        made = event.result
        if made is None or not made.args or not made.args[0].items or id(event.node) in seen or not event.funcs:
            continue
        if not set(words(event.funcs[-1].name)) & _SAID:
            continue
        parts = [f.core(i) for i in made.args[0].items]
        pairs = [(a, b) for a in parts for b in parts if a.name == "sub" and b.name == "add"]
        if not any(_whole(a, b) for a, b in pairs):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB694",
            event,
            "the corners are the centre plus and minus the whole width and height: the size must be halved (/ 2)",
            why="the boxes become twice as large, so their overlap (IoU) with the true boxes is wrong",
            fix="Use xy - wh / 2 and xy + wh / 2",
        )


def _whole(low: Val, high: Val) -> bool:
    """``c - s`` and ``c + s`` of two parts of one box."""
    if len(low.args) != 2 or len(high.args) != 2:
        return False
    if not f.same(low.args[0], high.args[0]) or not f.same(low.args[1], high.args[1]):
        return False
    centre, size = low.args
    boxes = [v.args[0] for v in (centre, size) if v.name in ("getitem", "part") and v.args]
    return len(boxes) == 2 and boxes[0] is boxes[1] and f.core(centre) is not f.core(size)
