"""The fractions of the inputs are cut off.

## What it does

Finds scaled inputs that are cast to integers or divided with `//`.

## Why is this bad

Values between 0 and 1 all become 0: the inputs are empty.

## Example

```python
x = torch.randint(0, 256, (100, 64))
out = model((x // 255).float())
```

## Use instead

```python
x = torch.randint(0, 256, (100, 64))
out = model(x.float() / 255)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, scaling
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val

_CASTS = frozenset(
    ["long", "int", "LongTensor", "IntTensor", "byte", "ByteTensor", "astype", "tensor", "as_tensor", "to"]
)
_INTEGERS = frozenset(["long", "uint8", "int8", "int16"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("forward"):
        if event.depth or not event.args:
            continue
        steps = lineage.certain(event.args[0])
        for place, step in enumerate(steps):
            problem = _cut(step)
            floats = any(
                s.dtype == "float" or s.name in ("float", "double", "Tensor", "FloatTensor") for s in steps[:place]
            )
            if problem and floats and id(step.node) not in seen:
                seen.add(id(step.node))
                yield p.report(
                    "SB456",
                    step,
                    f"the inputs are truncated to integers: {problem}",
                    why="values between 0 and 1 all become 0 (an integer division or dtype), the rest loses its "
                    "fraction",
                    fix="Cast to float first: x.float() / 255",
                )


def _cut(step: Val) -> str:
    """What cuts the fractions off, ``""`` when nothing does."""
    if step.name == "floor_divide" and len(step.args) == 2:
        by = step.args[1].const
        if isinstance(by, (int, float)) and by in (255, 255.0, 256, 128, 127.5, 127, 100):
            return f"// {by} is an integer division"
    if step.name in _CASTS and (step.dtype in _INTEGERS or step.name in ("LongTensor", "IntTensor")) and step.args:
        inner = step.args[0]
        while (
            inner.name in TRANSPARENT | {"tensor", "as_tensor", "from_numpy"} and inner.args and inner.name != "getitem"
        ):
            inner = inner.args[0]
        scaled = inner.name == "div" and len(inner.args) == 2 and inner.args[1].const in (255, 255.0, 256, 256.0, 127.5)
        if scaled or scaling.standardised(inner) is not None or inner.name in ("fit_transform", "ToTensor"):
            return f"{step.name}() comes after the scaling"
    return ""
