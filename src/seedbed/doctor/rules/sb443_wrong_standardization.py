"""The formula that scales the inputs is wrong.

## What it does

Finds `x - mean / std` without parentheses, division by the variance, mean and deviation that are swapped, and
min-max scaling with a wrong range.

## Why is this bad

The inputs do not get zero mean and unit deviation: columns keep their scale or explode.

## Example

```python
mean, std = x_train.mean(0), x_train.std(0)
out = model(x_train - mean / std)
```

## Use instead

```python
mean, std = x_train.mean(0), x_train.std(0)
out = model((x_train - mean) / std)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import scaling
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in scaling.inputs(p):
        problem = scaling.wrong_formula(val)
        if problem and id(val.node) not in seen:
            seen.add(id(val.node))
            yield p.report(
                "SB443",
                val,
                f"wrong normalisation formula: {problem}",
                why="the inputs are not standardised by it, so columns keep a wrong scale",
                fix="Write (x - mean) / std, or (x - min) / (max - min)",
            )
