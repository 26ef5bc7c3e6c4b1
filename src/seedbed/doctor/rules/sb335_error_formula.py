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
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_TOPS = ("div", "mean", "nanmean", "average", "loss")  # what every such formula is made of


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    yield from _one_sided(p, seen)
    yield from _peak_signal(p, seen)
    where: Event | Val
    for name, val, event in measures.named_values(p) if p.made(*_TOPS) else ():
        for one in val.options():
            if id(one.node) in seen or one.kind not in ("tensor", "number", "unknown"):
                continue
            found = errors.mistake(set(words(name)), one)
            if found is None:
                continue
            seen.add(id(one.node))
            said, fix, where = found[0], found[1], found[2]
            if event.kind == "call" and "no root" in said:
                where = event  # it is called so only where it is printed
            yield p.report(
                "SB335",
                where,
                said,
                why="the number is printed under a name that stands for another quantity",
                fix=fix,
                related=((str(event.src.path), event.line, name),),
            )


_CLOSE = frozenset(["within", "tol", "tolerance", "acc", "accuracy", "hit", "hits", "correct", "close", "inside"])


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
        named = {
            w
            for n, v, _ in measures.named_values(p)
            if any(a is test for a in ancestors(v, limit=12))
            for w in words(n)
        }
        if not (named | set(words(limit.var))) & _CLOSE:
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


def _peak_signal(p: Program, seen: set[int]) -> Iterator[Finding]:
    """PSNR by hand: the factor, the logarithm and the sides of the ratio."""
    for val in p.made("log10", "log", "np_log10", "np_log"):
        scaled = next((u for u in p.users(val) if u.name == "mul" and len(u.args) == 2), None)
        factor = next((a.const for a in scaled.args if a.kind == "const"), None) if scaled is not None else None
        ratio = f.core(val.args[0]) if val.args else val
        if factor not in (10, 20) or ratio.name != "div" or len(ratio.args) != 2 or id(val.node) in seen:
            continue
        top, below = (f.core(a) for a in ratio.args)
        error, rooted = _squared_error(below), below.name in ("sqrt", "np_sqrt") or below.number(1) == 0.5
        peak = _is_peak(top)
        said = ""
        if error and peak and not val.name.endswith("log10"):
            said = "PSNR takes the natural logarithm: it needs log10"
        elif error and factor == 10 and top.const in (255, 255**2, 65025.0) and _in_unit(below):
            said = "PSNR takes a peak of 255, but the images are between 0 and 1"
        elif error and peak and factor == 20 and not rooted:
            said = "PSNR has the factor 20 beside squares: it is twice too large (10 * log10(peak ** 2 / mse))"
        elif error and factor == 10 and rooted:
            said = "PSNR has the factor 10 beside the root of the error: it is half of what it should be"
        elif _squared_error(top) and _is_peak(below) and factor > 0 and not _negated(p, scaled):
            said = "PSNR is inverted: the error is divided by the peak, so the sign is wrong"
        if said:
            seen.add(id(val.node))
            yield p.report(
                "SB335",
                val,
                said,
                why="the number is printed under a name that stands for another quantity",
                fix="Use 10 * torch.log10(peak ** 2 / mse)",
            )


def _negated(p: Program, val: Val | None) -> bool:
    return val is not None and any(u.name == "neg" for u in p.users(val))


def _squared_error(val: Val) -> bool:
    """Whether a value is a mean squared error (or its root) of an output."""
    one = f.core(val.args[0]) if val.name in ("sqrt", "np_sqrt") and val.args else val
    if one.name == "loss":
        return "MSELoss" in one.tags
    inner = f.core(one.args[0]) if one.name == "mean" and one.args else one
    diff = f.core(inner.args[0]) if inner.name in ("pow", "square") and inner.args and inner is not one else inner
    return diff.name == "sub" and one.name == "mean"


def _in_unit(error: Val) -> bool:
    """Whether the difference is one of values that are cut to 0..1."""
    for one in ancestors(error, limit=12):
        if one.name in ("clamp", "clip", "clamp_") and [a.const for a in one.args[1:3]] in ([0, 1], [0.0, 1.0]):
            return True
    return False


def _is_peak(val: Val) -> bool:
    """Whether a value is the largest number of a pixel, or its square."""
    one = f.core(val.args[0]) if val.name in ("pow", "square") and val.args else val
    return one.kind == "const" and isinstance(one.const, (int, float)) and one.const > 0
