"""A flat index of a map is divided by its height.

## What it does

Finds `idx % h` and `idx // h` of a flat `argmax` over a map of `h` rows and `w` columns.

## Why is this bad

A flat index is `row * w + column`. Divided by `h` it gives other places wherever the map is not square.

## Example

```python
net = nn.Conv2d(1, 5, 3, padding=1)
net.eval()
with torch.no_grad():
    maps = net(torch.randn(8, 1, 24, 32))
b, k, h, w = maps.shape
idx = maps.flatten(2).argmax(dim=2)
points = torch.stack([idx % h, idx // h], dim=-1)
print(points.float().mean())
```

## Use instead

```python
net = nn.Conv2d(1, 5, 3, padding=1)
net.eval()
with torch.no_grad():
    maps = net(torch.randn(8, 1, 24, 32))
b, k, h, w = maps.shape
idx = maps.flatten(2).argmax(dim=2)
points = torch.stack([idx % w, idx // w], dim=-1)
print(points.float().mean())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_DIVIDES = ("mod", "remainder", "fmod", "floor_divide", "div")
_PLAIN = frozenset(["float", "double", "half", "detach", "contiguous", "cpu", "cuda", "to", "clone", "data", "numpy"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made(*_DIVIDES):
        index = _plain(val.args[0]) if len(val.args) > 1 else val
        table = _flattened(index)
        if table is None or id(val.node) in seen:
            continue
        place, sizes = _axis(p, val.args[1])
        if place is None or sizes is None or _plain(sizes) is not table:
            continue
        rank = len(table.shape) if table.shape else _unpacked(p, val.args[1])
        if place not in (-2, rank - 2) or rank == 1 or _square(table):
            continue
        seen.add(id(val.node))
        name = val.args[1].var or "the height"
        sign = "%" if val.name in ("mod", "remainder", "fmod") else "//"
        yield p.report(
            "SB374",
            val,
            f"the flat argmax index is unravelled with {sign} {name}, the height: it is row * width + column",
            why="where the map is not square, row and column are those of another place, and so is every distance",
            fix="Use the width: x = idx % w and y = idx // w (or torch.unravel_index)",
            related=(q.place(index),),
        )


def _plain(val: Val) -> Val:
    """``val`` without changes of type and device: the layout stays what it is."""
    for _ in range(20):
        if val.kind == "phi":
            options = list(val.options())
            if len(options) != 1:
                return val
            val = options[0]
        elif val.kind == "tensor" and val.name in _PLAIN and val.args:
            val = val.args[0]
        else:
            return val
    return val


def _flattened(index: Val) -> Val | None:
    """The map over whose last two axes, flattened to one, an index was searched."""
    if index.name not in ("argmax", "argmin", "topk_indices") or not index.args:
        return None
    flat = _plain(index.args[0])
    table = _plain(flat.args[0]) if flat.args else flat
    if flat.name == "flatten":
        start, end = flat.number(1, "start_dim"), flat.arg(2, "end_dim")
        fits = end is None or end.const == -1
        return table if fits and (start is None or (isinstance(start, int) and start != -1)) else None
    if flat.name not in ("view", "reshape") or len(flat.args) < 2 or flat.args[-1].const != -1:
        return None
    leading = flat.args[1:-1]
    whole = all(v.kind in ("const", "number") for v in leading)
    return table if whole and len(leading) < 3 and (not table.shape or len(leading) + 1 < len(table.shape)) else None


def _axis(p: Program, size: Val) -> tuple[int | None, Val | None]:
    """Which axis of what a size is: ``x.shape[2]``, ``x.size(-2)``, the third part of ``b, c, h, w = x.shape``."""
    if size.kind != "number" or not size.args:
        return None, None
    if size.name == "size" and len(size.args) > 1 and isinstance(size.args[1].const, int):
        return size.args[1].const, size.args[0]
    whole = size.args[0]
    if size.name == "shape" and size.place is not None and whole.name in ("shape", "size") and whole.args:
        return size.place, whole.args[0]
    return None, None


def _unpacked(p: Program, size: Val) -> int:
    """How many axes a shape has that is taken apart into names; 1 if that is not known."""
    whole = size.args[0] if size.args else size
    parts = [u.place for u in p.users(whole) if u.kind == "number" and u.name == "shape" and u.place is not None]
    return max(parts, default=0) + 1


def _square(table: Val) -> bool:
    """Whether the map, or the picture that it was made from, is known to be as high as wide."""
    for one in ancestors(table, limit=200):
        shape = one.shape
        if shape and len(shape) > 2 and shape[-1] is not None and shape[-1] == shape[-2] and shape[-1] > 1:
            return True
    return False
