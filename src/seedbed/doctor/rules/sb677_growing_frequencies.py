"""The frequencies of a positional encoding grow where they must fall.

## What it does

Finds sinusoidal encodings `sin(position * exp(i * log(10000) / d))`: the minus sign of the exponent is missing.

## Why is this bad

The frequencies must go from 1 down to 1/10000. Growing up to 10000 radians per position, the sines of neighbouring
positions have nothing to do with each other.

## Example

```python
import math

position = torch.arange(50).unsqueeze(1)
rate = torch.exp(torch.arange(0, 16, 2) * (math.log(10000.0) / 16))
table = torch.cat([torch.sin(position * rate), torch.cos(position * rate)], dim=1)
out = nn.Linear(16, 2)(torch.randn(4, 50, 16) + table)
```

## Use instead

```python
import math

position = torch.arange(50).unsqueeze(1)
rate = torch.exp(torch.arange(0, 16, 2) * (-math.log(10000.0) / 16))
table = torch.cat([torch.sin(position * rate), torch.cos(position * rate)], dim=1)
out = nn.Linear(16, 2)(torch.randn(4, 50, 16) + table)
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_LEAST = 100.0  # the largest frequency that is still no accident


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for wave in p.made("sin"):
        angle = f.core(wave.args[0]) if wave.args else None
        parts = f.factors(angle) if angle is not None and angle.name in ("mul", "div", "true_divide") else []
        counts = [v for v, power in parts if power > 0 and _counts(v)]
        grown = [(v, _largest(v)) for v, power in parts if power > 0]
        high = [(v, size) for v, size in grown if size is not None and size >= _LEAST]
        if len(parts) != 2 or not counts or len(high) != 1 or high[0][0] is counts[0] or id(high[0][0].node) in seen:
            continue
        rate, size = high[0]
        seen.add(id(rate.node))
        yield p.report(
            "SB677",
            rate if rate.line else wave,
            f"the frequencies of the positional encoding grow to {size:.0f}: the exponent lacks its minus sign",
            why="they must fall from 1 to 1/10000; at such frequencies neighbouring positions are unrelated",
            fix="Use torch.exp(torch.arange(0, d, 2) * (-math.log(10000.0) / d))",
        )


def _counts(val: Val) -> bool:
    """Whether a value is positions: 0, 1, 2 and so on."""
    return any(v.name == "arange" for v in ancestors(val, limit=24)) and not any(
        v.name in ("exp", "pow", "power", "np_power") for v in ancestors(val, limit=24)
    )


def _largest(val: Val) -> float | None:
    """The largest of ``exp(arange(0, d, 2) * c)`` or ``base ** (arange(0, d, 2) / d)``, where it is known."""
    one = f.core(val)
    if one.name in ("pow", "power", "np_power") and len(one.args) > 1 and isinstance(one.args[0].const, (int, float)):
        return float(one.args[0].const) if _share(one.args[1]) else None
    if one.name != "exp" or not one.args:
        return None
    factor, width = -1.0 if _negations(one.args[0]) % 2 else 1.0, None
    for part, power in f.factors(one.args[0]):
        if isinstance(part.const, (int, float)) and part.kind == "const" and part.const:
            factor *= float(part.const) ** power
        elif part.name == "arange" and power > 0:
            ends = [a.const for a in part.args[:2] if a.kind == "const" and isinstance(a.const, (int, float))]
            width = float(ends[-1]) if ends else None
        else:
            return None
    if width is None or factor <= 0:
        return None
    return math.exp(min(factor * width, 50.0))


def _negations(val: Val, depth: int = 0) -> int:
    """How many minus signs stand before the factors of a product."""
    inner = f.core(val)
    if depth > 12 or inner.name not in ("neg", "mul", "multiply", "div", "true_divide"):
        return 0
    return (inner.name == "neg") + sum(_negations(a, depth + 1) for a in inner.args[:2])


def _share(val: Val) -> bool:
    """Whether an exponent runs from 0 up to 1: ``arange(0, d, 2) / d``."""
    parts = f.factors(val)
    if not all(p is not None for p, _ in parts) or any(v.name == "neg" for v in ancestors(val, limit=12)):
        return False
    up = [v for v, power in parts if power > 0]
    down = [v.const for v, power in parts if power < 0]
    counted = [
        v for v in up if v.name in ("arange", "getitem") and any(a.name == "arange" for a in ancestors(v, limit=24))
    ]
    return len(up) == len(counted) == 1 and len(down) == 1 and isinstance(down[0], (int, float)) and down[0] > 1
