"""A hand-written error measure is not what its name says.

## What it does

Finds R² with exchanged sums or with the mean of the predictions, MAPE divided by the prediction or without absolute
value, MAE without absolute value, and RMSE without the root or with the root of every single error.

## Why is this bad

The number looks plausible and is another quantity: errors of both signs cancel, RMSE is the MAE or the MSE, R²
depends on the predictions' spread.

## Example

```python
model = nn.Linear(4, 1)
model.eval()
with torch.no_grad():
    pred = model(x_test).squeeze(1)
rmse = torch.sqrt((y_test - pred) ** 2).mean()
```

## Use instead

```python
model = nn.Linear(4, 1)
model.eval()
with torch.no_grad():
    pred = model(x_test).squeeze(1)
rmse = torch.sqrt(((y_test - pred) ** 2).mean())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import errors, measures
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_TOPS = ("div", "mean", "nanmean", "average", "loss")  # what every such formula is made of


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    yield from _one_sided(p, seen)
    for name, val, event in measures.named_values(p) if p.made(*_TOPS) else ():
        for one in val.options():
            if id(one.node) in seen or one.kind not in ("tensor", "number", "unknown"):
                continue
            found = errors.mistake(set(words(name)), one)
            if found is None:
                continue
            seen.add(id(one.node))
            said, fix, where = found
            yield p.report(
                "SB335",
                where,
                said,
                why="the number is printed under a name that stands for another quantity",
                fix=fix,
                related=((str(event.src.path), event.line, name),),
            )


def _one_sided(p: Program, seen: set[int]) -> Iterator[Finding]:
    """``(pred - y < tolerance).mean()``: every prediction that is too low counts as right."""
    for val in p.made("mean", "sum"):
        test = f.core(val.args[0]) if val.args else val
        if test.name not in ("compare", "lt", "le") or len(test.args) != 2 or id(test.node) in seen:
            continue
        if test.name == "compare" and not test.tags & {"Lt", "LtE"}:
            continue
        gap, limit = f.core(test.args[0]), test.args[1]
        if gap.name != "sub" or len(gap.args) != 2 or not isinstance(limit.const, (int, float)) or limit.const <= 0:
            continue
        guesses = [f.from_model(a) for a in gap.args]
        if guesses.count(True) != 1 or any(a.kind == "const" for a in gap.args) or gap.grad:
            continue
        seen.add(id(test.node))
        yield p.report(
            "SB335",
            test,
            "the share within a tolerance is taken without abs(): errors of one sign always count as right",
            why="a prediction that is far too low passes, so the figure is near 0.5 or above for any model",
            fix=f"Use (pred - y).abs() < {limit.const:g}",
        )
