"""View/reshape is used where permute/transpose is needed.

## What it does

Finds `view`/`reshape` calls that put the dims of a tensor in another order.

## Why is this bad

`view` keeps the memory order and only cuts it anew: batch, time and channels get mixed up. Swapping dims
needs `permute` or `transpose`.

## Example

```python
class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(32, 32)

    def forward(self, x):
        B, T, C = x.shape
        q = self.proj(x).view(B, 4, T, C // 4)
        return q
```

## Use instead

```python
class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(32, 32)

    def forward(self, x):
        B, T, C = x.shape
        q = self.proj(x).view(B, T, 4, C // 4).transpose(1, 2)
        return q
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("call"):
        made = event.result
        if (
            made is None
            or made.kind not in ("tensor", "unknown")
            or made.name not in ("view", "reshape")
            or len(made.args) < 2
            or id(event.node) in seen
        ):
            continue
        source = made.args[0]
        sizes = made.args[1:]
        if len(sizes) == 1 and sizes[0].items is not None:
            sizes = tuple(sizes[0].items)
        problem = _by_names(source, sizes) or _by_sizes(source, made, sizes)
        if problem:
            seen.add(id(event.node))
            yield p.report(
                "SB214",
                event,
                f"{made.name}() is used to swap dimensions: it does not permute, it scrambles the data",
                why=problem,
                fix="Use permute(...) or transpose(...) to change the order of dims (view only splits or "
                "joins neighbours)",
            )


def _axis_of(size: Val, source: Val) -> int | None:
    """Which axis of ``source`` a size was read from, when nothing moved the axes in between."""
    if size.name == "shape" and size.kind in ("number", "unknown") and size.args:
        base = size.args[0]
        if base.name == "shape" and base.args:
            base = base.args[0]
        if isinstance(size.const, int) and _same_layout(source, base):
            return size.const
    if size.name == "getitem" and size.args and size.args[0].name == "shape" and len(size.args) > 1:
        at = size.args[1].const
        if isinstance(at, int) and at >= 0 and size.args[0].args and _same_layout(source, size.args[0].args[0]):
            return at
    if size.name == "size" and len(size.args) > 1 and isinstance(size.args[1].const, int):  # noqa: SIM102
        if size.args[1].const >= 0 and _same_layout(source, size.args[0]):
            return size.args[1].const
    return None


def _same_layout(source: Val, base: Val) -> bool:
    """Whether ``source`` still has the axes of ``base`` in their order."""
    current, count = source, 0
    keep = {
        "Linear",
        "forward",
        "contiguous",
        "relu",
        "gelu",
        "dropout",
        "float",
        "LayerNorm",
        "to",
        "mul",
        "add",
        "linear",
        "softmax",
        "layer_norm",
    }
    while count < 30:
        if current is base:
            return True
        if current.kind == "phi" or current.name not in keep or not current.args:
            return False
        current = current.args[0]
        count += 1
    return False


def _by_names(source: Val, sizes: tuple[Val, ...]) -> str:
    axes = [_axis_of(s, source) for s in sizes]
    known = [a for a in axes if a is not None]
    if len(known) < 2 or len(set(known)) != len(known):
        return ""
    if known != sorted(known):
        return f"the sizes of axes {known} are given in another order than the tensor has them"
    if known[:2] == [0, 1] and axes[0] == 0 and axes[1] is None and axes[2:3] == [1] and len(axes) == 4:
        return "the second axis of the tensor moves behind a new one (the heads), but its data does not move"
    return ""


def _by_sizes(source: Val, made: Val, sizes: tuple[Val, ...]) -> str:
    old, new = source.shape, tuple(s.const if isinstance(s.const, int) else None for s in sizes)
    if old is None or len(old) != len(new) or len(old) < 2:
        return ""
    a, b = list(old), list(new)
    if a[0] is None and b[0] in (None, -1):
        a, b = a[1:], b[1:]
    if None in a or None in b or -1 in b or len(a) < 2 or 1 in a:
        return ""
    if a != b and sorted(x or 0 for x in a) == sorted(x or 0 for x in b):
        return f"shape {old} becomes {new} by cutting memory anew, not by moving axes"
    return ""
