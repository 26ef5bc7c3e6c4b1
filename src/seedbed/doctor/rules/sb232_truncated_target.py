"""Targets are cast to integers: their fraction is lost.

## What it does

Finds regression targets that are cast to integers.

## Why is this bad

The fraction is lost: the model learns a staircase.

## Example

```python
model = nn.Linear(4, 1)
data = torch.randn(64, 4)
target = data.sum(1, keepdim=True).long()
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model(data), target.float()).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
data = torch.randn(64, 4)
target = data.sum(1, keepdim=True)
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model(data), target).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, ranges
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name not in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss") or len(event.args) < 2:
            continue
        for one in q.chain(event.args[1]):
            made = one.name in ("tensor", "as_tensor", "asarray", "array") and _whole(one.kwargs.get("dtype"))
            if one.kind == "tensor" and (made or one.name in ("long", "int", "short", "byte")) and one.args:
                source = one.args[0]
                if made and _fractions(source):
                    yield p.report(
                        "SB232",
                        one,
                        "the regression target is cast to whole numbers (dtype=torch.long): its fraction is truncated",
                        why="the model is trained on truncated targets",
                        fix="Keep the target as float: dtype=torch.float32",
                        related=((str(event.src.path), event.line, "the loss"),),
                    )
                    break
                if source.dtype == "float" or ranges.can_be_negative(source) is True:
                    yield p.report(
                        "SB232",
                        one,
                        f"the regression target is cast to integers by {one.name}(): its fraction is lost",
                        why="the model is trained on truncated targets",
                        fix="Keep the target as float",
                        related=((str(event.src.path), event.line, "the loss"),),
                    )
                    break


def _whole(dtype: Val | None) -> bool:
    """Whether a dtype is one of whole numbers."""
    last = dtype.name.rsplit(".", 1)[-1] if dtype is not None else ""
    return last in ("long", "int", "int64", "int32", "int16", "short", "builtins.int")


def _fractions(source: Val) -> bool:
    """Whether values were divided or multiplied by a fraction, or come from a regression table."""
    for step in lineage.path(source, 40):
        if step.name in ("floor_divide", "round", "floor", "argmax", "long", "int", "codes", "compare"):
            return False
        if step.name in ("div", "log", "log1p", "exp", "sqrt", "load_diabetes", "load_diabetes_y", "make_regression_y"):
            return True
        if step.name == "mul" and any(isinstance(a.const, float) and a.const % 1 for a in step.args):
            return True
    return False
