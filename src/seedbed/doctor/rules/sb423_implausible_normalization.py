"""Mean and std of Normalize do not fit the data.

## What it does

Finds `Normalize` with implausible statistics.

## Why is this bad

After `ToTensor` the values are in 0..1. Mean and std in 0..255, or mean and std swapped, give inputs far
from zero mean.

## Example

```python
from torchvision import transforms
normalize = transforms.Normalize((0.229, 0.224, 0.225), (0.485, 0.456, 0.406))
```

## Use instead

```python
from torchvision import transforms
normalize = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("call"):
        made = event.result
        if made is None or made.name != "Normalize" or made.kind != "transform":
            continue
        mean, std = _numbers(made.arg(0, "mean")), _numbers(made.arg(1, "std"))
        if not mean or not std:
            continue
        problem = ""
        if max(mean) <= 0 and min(std) >= 1:
            continue  # the inverse of a normalisation, for looking at images
        if max(mean) > 2 or max(std) > 2:
            problem = f"mean={mean} and std={std} are for 0..255, but tensors are in 0..1"
        elif (len(mean) == 3 and 0.2 < mean[0] < 0.24 and 0.44 < std[0] < 0.5) or (
            len(mean) == 1 and abs(mean[0] - 0.3081) < 0.01
        ):
            problem = f"mean={mean} and std={std} are swapped"
        elif min(std) <= 0:
            problem = f"std={std} is not positive"
        if problem:
            yield p.report(
                "SB423",
                event,
                f"implausible normalisation: {problem}",
                why="the inputs are then far from zero mean and unit deviation",
                fix="Use the mean and std of the training data on the scale 0..1",
            )


def _numbers(val: Val | None) -> list[float]:
    if val is None:
        return []
    if val.kind == "const" and isinstance(val.const, (int, float)):
        return [float(val.const)]
    return [float(i.const) for i in val.items or [] if isinstance(i.const, (int, float))]
