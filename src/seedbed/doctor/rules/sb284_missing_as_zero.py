"""Missing labels are turned into zeros and trained as real ones.

## What it does

Finds `nan_to_num(y)` (or `where(isnan(y), 0, y)`) as the target of a loss that has no mask for the missing entries.

## Why is this bad

What was not measured counts as negative, or as a value of 0. The model learns which entries are missing.

## Example

```python
model = nn.Linear(8, 4)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    target = torch.nan_to_num(y, nan=0.0)
    optimizer.zero_grad()
    F.binary_cross_entropy_with_logits(model(x), target).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(8, 4)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    known = ~torch.isnan(y)
    target = torch.nan_to_num(y, nan=0.0)
    optimizer.zero_grad()
    each = F.binary_cross_entropy_with_logits(model(x), target, reduction="none")
    (each * known).sum().div(known.sum()).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb824_unrelated_noise_target import pairs
from seedbed.doctor.static import marks
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    losses = [(e.args[0], e.args[1], e) for e in p.all("loss") if len(e.args) > 1]
    for pred, target, event in [*losses, *pairs(p)]:
        filled = _filled(target)
        marked = _raised(p, target) if filled is None else None
        filled = filled or marked
        if filled is None or not pred.grad or id(filled.node) in seen or _masked(p, event, filled):
            continue
        if marked is not None and _compared(p, marked):
            continue
        seen.add(id(filled.node))
        sign, known = ("NaN", "~torch.isnan(y)") if marked is None else ("marked by a negative number", "y >= 0")
        yield p.report(
            "SB284",
            filled,
            f"missing labels ({sign}) become 0 and are trained as real labels: the loss has no mask for them",
            why="what was not measured counts as negative (or as the value 0), and nothing leaves it out of the loss",
            fix=f"Keep known = {known} and average the loss over the known entries only",
            related=((str(event.src.path), event.line, "the loss"),),
        )


def _filled(target: Val) -> Val | None:
    for one in q.chain(target)[:12]:
        if one.name in ("nan_to_num", "nan_to_num_"):
            return one
        if one.name in ("where", "masked_fill", "masked_fill_") and one.args:
            flag = one.args[0] if one.name == "where" else one.args[1] if len(one.args) > 1 else one.args[0]
            rest = [a.const for a in one.args if a.kind == "const"]
            zero = any(isinstance(c, (int, float)) and c == 0 for c in rest) or any(
                a.name in ("zeros_like", "zeros") for a in one.args
            )
            if zero and any(v.name == "isnan" for v in q.chain(flag)[:4]):
                return one
    return None


def _raised(p: Program, target: Val) -> Val | None:
    """``y.clamp(min=0)`` of labels of 0 and 1 of which those that a mask hides were marked by a negative number."""
    for one in q.chain(target)[:12]:
        low = one.kwargs.get("min", one.args[1] if len(one.args) > 1 else None)
        if one.name not in ("clamp", "clamp_min", "clip") or low is None or low.const not in (0, 0.0):
            continue
        held = q.chain(one.args[0])[:12]
        fills = [v for v in held if v.name in ("masked_fill", "masked_fill_")]
        for event in p.all("setitem"):
            if any(v is event.recv for v in held) and event.args:
                fills += [v for v in event.args[-1:] if v.name in ("masked_fill", "masked_fill_")]
        for fill in fills:
            number = fill.args[2].const if len(fill.args) == 3 else None
            if isinstance(number, (int, float)) and number < 0 and _hides(fill.args[0], fill.args[1]):
                return one
    return None


def _hides(labels: Val, mask: Val) -> bool:
    """Whether labels are 0 and 1, and the mask does not tell one of them from the other."""
    mine = {id(v) for v in q.chain(labels)[:12]}
    return marks.indicator(labels) and not any(id(v) in mine for v in ancestors(mask, limit=40))


def _compared(p: Program, raised: Val) -> bool:
    """Whether a test of the marked labels takes part in the loss: that is the mask."""
    mine = {id(v) for v in q.chain(raised.args[0])[:12]}
    tests = p.made("compare", "ge", "gt", "ne", "eq", "lt", "le", "signbit")
    return any(p.trained(v) and any(id(a) in mine for a in v.args) for v in tests)


def _masked(p: Program, event: Event, filled: Val) -> bool:
    """Whether the loss, or a part of it, is multiplied or indexed with a mask."""
    within = {id(v) for v in ancestors(filled, limit=60)}
    for back in p.all("backward"):
        if back.recv is None:
            continue
        parts = list(ancestors(back.recv, limit=4000))
        if event.result is not None and not any(v is event.result or v is filled for v in parts):
            continue
        if any(v.name in ("isnan", "isfinite") and id(v) not in within for v in parts):
            return True
        if any(v.kind != "const" and ("mask" in v.var or "weight" in v.var or "known" in v.var) for v in parts):
            return True
        if any(v.name == "isnan" and _shared(p, v, within) for v in parts):
            return True
    return "weight" in event.kwargs


def _shared(p: Program, mask: Val, within: set[int]) -> bool:
    """Whether a mask is used outside the filling too."""
    return any(id(u) not in within for u in q.users(p, mask))
