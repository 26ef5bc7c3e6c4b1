"""The quantile (pinball) loss takes the error with the wrong sign.

## What it does

Finds `max(q * e, (q - 1) * e)` with `e = prediction - target`.

## Why is this bad

The formula needs `e = target - prediction`. With the other sign the model learns the quantile `1 - q`: a 90 %
bound becomes a 10 % bound, and intervals are upside down.

## Example

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    optimizer.zero_grad()
    error = model(x).squeeze(1) - y
    loss = torch.max(0.9 * error, (0.9 - 1) * error).mean()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    optimizer.zero_grad()
    error = y - model(x).squeeze(1)
    loss = torch.max(0.9 * error, (0.9 - 1) * error).mean()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        for val in ancestors(back.recv) if back.recv is not None else ():
            if val.name not in ("max", "maximum", "min", "minimum") or len(val.args) < 2 or id(val.node) in seen:
                continue
            if (said := _misshapen(val)) and back.recv is not None:
                seen.add(id(val.node))
                yield p.report(
                    "SB274",
                    val,
                    f"the quantile (pinball) loss {said}",
                    why="errors above and below must cost q and 1 - q, and never less than zero",
                    fix="Use max(q * error, (q - 1) * error) with error = target - prediction",
                )
                continue
            if val.name in ("min", "minimum"):
                continue
            error = _error(val)
            if error is None or error.name != "sub" or len(error.args) != 2:
                continue
            if error.args[0].grad and not error.args[1].grad:
                seen.add(id(val.node))
                yield p.report(
                    "SB274",
                    error,
                    "the quantile (pinball) loss uses prediction - target: the sign of the error is inverted",
                    why="the model learns the quantile 1 - q instead of q, so upper bounds become lower bounds",
                    fix="Use error = target - prediction in max(q * error, (q - 1) * error)",
                    related=(q.place(val),),
                )


def _misshapen(val: Val) -> str:
    """What is wrong with the two sides of a quantile loss, whatever the sign of the error."""
    if val.name in ("min", "minimum"):
        lower = _error(val)
        fine = lower is None or lower.name != "sub" or not lower.grad
        return "" if fine else "takes the smaller side (min): it is never above zero, so it is pushed down without end"
    sides = [[v for v, _ in f.factors(a)] for a in val.args[:2]]
    if any(len(s) != 2 for s in sides):
        return ""
    for a, b in ((x, y) for x in sides[0] for y in sides[1]):
        if a is not b or a.name != "sub" or not a.grad:
            continue
        level = [next(v for v in s if v is not a) for s in sides]
        numbers = [v.const for v in level]
        known = all(isinstance(n, float) and 0 < n < 1 for n in numbers) and abs(sum(numbers) - 1) < 1e-9
        for one, two in (level, level[::-1]):
            less = f.complement(two)
            if known or (less is not None and f.same(less, one)):
                return "has (1 - q) where (q - 1) belongs: for a negative error both sides are negative"
    return ""


def _error(val: Val) -> Val | None:
    """The error ``e`` of ``max(q * e, (q - 1) * e)``."""
    sides = [[v for v, _ in f.factors(a)] for a in val.args[:2]]
    if any(len(s) != 2 for s in sides):
        return None
    for a, b in ((x, y) for x in sides[0] for y in sides[1]):
        if a is not b or a.kind == "const":
            continue
        level = [next(v for v in s if v is not a) for s in sides]
        for one, two in (level, level[::-1]):
            if two.name == "sub" and len(two.args) == 2 and two.args[1].const in (1, 1.0) and f.same(two.args[0], one):
                return a
            if one.kind == "const" and two.kind == "const" and isinstance(one.const, float):  # noqa: SIM102
                if isinstance(two.const, float) and two.const < 0 and abs(one.const - two.const - 1) < 1e-9:
                    return a
    return None
