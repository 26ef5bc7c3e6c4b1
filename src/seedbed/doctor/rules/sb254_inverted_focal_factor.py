"""The focal factor is the probability of the right class instead of one minus it.

## What it does

Finds focal losses whose factor is `pt ** gamma` instead of `(1 - pt) ** gamma`, where `pt = exp(-cross_entropy)`.

## Why is this bad

The factor must be small for samples that are already right. Inverted, the loss keeps the easy samples and switches
off the hard and rare ones.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    ce = F.cross_entropy(model(x), y, reduction="none")
    pt = torch.exp(-ce)
    optimizer.zero_grad()
    (pt ** 2 * ce).mean().backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    ce = F.cross_entropy(model(x), y, reduction="none")
    pt = torch.exp(-ce)
    optimizer.zero_grad()
    ((1 - pt) ** 2 * ce).mean().backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    weighted = {id(e.result) for e in p.all("loss") if "weight" in e.kwargs and not e.kwargs["weight"].is_none}
    for back in p.once("backward"):
        for val in ancestors(back.recv) if back.recv is not None else ():
            if val.name not in ("mul", "multiply") or len(val.args) != 2 or id(val.node) in seen:
                continue
            parts = [v for v, power in f.factors(val) if power > 0]
            losses = [v for v in parts if f.loss_value(v, reduced=False) is not None]
            said = _odd(parts, losses[0], weighted) if len(losses) == 1 else None
            if said is not None:
                seen.add(id(val.node))
                at, problem, fix = said
                yield p.report(
                    "SB254",
                    at if at.line else val,
                    f"the focal factor is wrong: {problem}",
                    why="the factor must be (1 - pt) ** gamma with pt = exp(-cross_entropy), the probability of the "
                    "right class, between 0 and 1",
                    fix=fix,
                )
                continue
            if len(losses) == 1 and any(_easy(v, losses[0]) for v in parts):
                seen.add(id(val.node))
                yield p.report(
                    "SB254",
                    val,
                    "the focal factor is inverted: pt ** gamma instead of (1 - pt) ** gamma",
                    why="easy samples keep their loss, hard and rare ones lose theirs",
                    fix="Use (1 - pt) ** gamma * cross_entropy",
                )


def _odd(parts: list[Val], loss: Val, weighted: set[int]) -> tuple[Val, str, str] | None:
    """A factor ``(1 - pt) ** gamma`` whose ``pt`` is no probability, or whose gamma multiplies."""
    for part in parts:
        powered = part.name in ("pow", "square") and bool(part.args)
        less = f.complement(part.args[0] if powered else part)
        grown = f.core(less) if less is not None else None
        if grown is None or grown.name != "exp" or not grown.args:
            continue
        inner = f.core(grown.args[0])
        if inner is loss:
            return grown, "pt = exp(+loss) is larger than 1, the sign is missing", "Use pt = torch.exp(-ce)"
        if inner.name != "neg" or not inner.args or f.core(inner.args[0]) is not loss:
            continue
        if id(loss) in weighted:
            return (
                loss,
                "pt is taken from the weighted cross-entropy (weight=...), so it is p ** weight, no probability",
                "Take pt from the unweighted cross-entropy, and multiply by weight[target] afterwards",
            )
        numbers = [v for v in parts if v.kind == "const" and "gamma" in v.var]
        if not powered and numbers:
            return part, "gamma multiplies (1 - pt), it is no exponent", "Use (1 - pt) ** gamma * ce"
    return None


def _right(val: Val) -> bool:
    """``p * y + (1 - p) * (1 - y)`` (or ``where(y == 1, p, 1 - p)``): the probability of the right class."""
    if val.name == "where" and len(val.args) == 3:
        flipped = f.complement(val.args[2])
        return flipped is not None and f.same(flipped, val.args[1]) and val.args[1].grad
    if val.name != "add" or len(val.args) != 2:
        return False
    sides = [[v for v, _ in f.factors(a)] for a in val.args]
    for one, other in (sides, sides[::-1]):
        turned = [c for v in other if (c := f.complement(v)) is not None]
        if len(one) == 2 and len(turned) == 2 and all(any(f.same(c, v) for v in one) for c in turned):
            return any(v.grad for v in one) and not any(f.complement(v) is not None for v in one)
    return False


def _easy(val: Val, loss: Val) -> bool:
    """``exp(-loss) ** gamma``."""
    if val.name not in ("pow", "square") or not val.args:
        return False
    base = f.core(val.args[0])
    if _right(base):
        return True
    if base.name != "exp" or not base.args:
        return False
    inner = f.core(base.args[0])
    return inner.name == "neg" and bool(inner.args) and f.core(inner.args[0]) is loss
