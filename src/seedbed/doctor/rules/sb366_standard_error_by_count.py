"""The deviation of scores is divided by their number, not by its root.

## What it does

Finds a standard deviation that is divided by the number of values that it was taken of.

## Why is this bad

The standard error of a mean is the deviation divided by the square root of the number. Divided by the number itself
the interval around the reported mean is far too narrow, and differences look certain that are not.

## Example

```python
import numpy as np

scores = np.array([0.81, 0.84, 0.79, 0.83, 0.8])
error = 1.96 * scores.std(ddof=1) / len(scores)
print(f"{scores.mean():.3f} +- {error:.3f}")
```

## Use instead

```python
import numpy as np

scores = np.array([0.81, 0.84, 0.79, 0.83, 0.8])
error = 1.96 * scores.std(ddof=1) / np.sqrt(len(scores))
print(f"{scores.mean():.3f} +- {error:.3f}")
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_DEVIATIONS = frozenset(["std", "np_std", "stdev", "pstdev", "nanstd"])
_BOXES = frozenset(["array", "asarray", "tensor", "as_tensor", "list", "stack"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.anywhere("div"):
        if len(val.args) != 2 or id(val.node) in seen:
            continue
        spread, count = _deviation(val.args[0]), val.args[1]
        if spread is None or not spread.args or count.name not in ("len", "size", "numel") or not count.args:
            continue
        if _base(spread.args[0]) is not _base(count.args[0]):
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB366",
            val,
            "the standard error divides the standard deviation by n instead of sqrt(n): the interval is too narrow",
            why="the standard error of a mean is std / sqrt(n)",
            fix="Divide by math.sqrt(len(scores))",
        )


def _deviation(val: Val) -> Val | None:
    """A standard deviation, times a number perhaps."""
    if val.name in _DEVIATIONS:
        return val
    if val.name in ("mul", "item", "float_builtin", "scaled"):
        return next((d for a in val.args if a.kind != "const" and (d := _deviation(a)) is not None), None)
    return None


def _base(val: Val) -> Val:
    for _ in range(6):
        if val.name not in _BOXES or not val.args or val.kind == "list":
            break
        val = val.args[0]
    return val
