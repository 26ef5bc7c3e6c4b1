"""A loss is weighted, masked or focused per sample after it was averaged.

## What it does

Finds a mean loss that is multiplied by per-sample weights or a mask, or that a focal factor is computed from:
the loss is already averaged, so nothing is per sample any more. `reduction="none"` is missing.

## Why is this bad

Every sample gets the same weight, the batch mean: weights, masks and the focal factor have no effect on which
samples count. Nothing raises, because a number broadcasts.

## Example

```python
def focal_loss(logits, target, gamma=2.0):
    ce = F.cross_entropy(logits, target)
    pt = torch.exp(-ce)
    return (1 - pt) ** gamma * ce


model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    focal_loss(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
def focal_loss(logits, target, gamma=2.0):
    ce = F.cross_entropy(logits, target, reduction="none")
    pt = torch.exp(-ce)
    return ((1 - pt) ** gamma * ce).mean()


model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    focal_loss(model(x), y).backward()
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

_ROWS = {"weight", "weights", "mask", "masks", "valid", "importance", "sample", "w", "keep", "confidence"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for root in _roots(p) if p.anywhere("loss") else ():
        for val in ancestors(root):
            loss, why = _focal(val) or _weighted(p, val) or (None, "")
            if loss is None or id(loss.node) in seen:
                continue
            seen.add(id(loss.node))
            yield p.report(
                "SB252",
                loss.owner if loss.owner is not None and loss.owner.line else loss,
                f"the loss is already averaged to its batch mean, but {why}: it must be per sample (reduction='none')",
                why="one number for the whole batch is scaled, so no sample counts more or less than another",
                fix="Compute the loss with reduction='none', apply the factor per sample, and take the mean after it",
                related=(q.place(val),),
            )


def _roots(p: Program) -> Iterator[Val]:
    for event in p.all("backward"):
        roots = (event.recv, *event.args[:1]) if event.recv is not None else event.args[:1]
        yield from (r for r in roots if r is not None)
    if not p.complete:
        for event in p.all("return"):
            if event.result is not None and event.result.kind == "tensor":
                yield event.result


def _focal(val: Val) -> tuple[Val, str] | None:
    """``(1 - exp(-mean loss)) ** gamma``."""
    if val.name not in ("pow", "square"):
        return None
    inner = f.complement(val.args[0]) if val.args else None
    inner = f.core(inner) if inner is not None else None
    if inner is None or inner.name != "exp" or not inner.args:
        return None
    power = f.core(inner.args[0])
    loss = f.loss_value(power.args[0]) if power.name == "neg" and power.args else None
    return (loss, "the focal factor is computed from it") if loss is not None else None


def _weighted(p: Program, val: Val) -> tuple[Val, str] | None:
    """``mean loss * weights`` with one weight per sample."""
    if val.name not in ("mul", "multiply") or len(val.args) != 2:
        return None
    for loss, weight in (val.args, val.args[::-1]):
        found = f.loss_value(loss)
        if found is None or weight.grad or weight.kind not in ("tensor", "unknown", "phi"):
            continue
        inner = f.core(weight)
        if inner.kind == "number" or inner.shape == () or inner.name in ("mean", "sum", "item", "max", "exp", "add"):
            continue
        rows = bool(inner.shape) and inner.shape != (1,)
        rows = rows or inner.name in ("compare", "and", "or", "invert", "isnan")
        if not rows and inner.shape is None:
            named = f.said(weight) & _ROWS
            reduced = any(u.name in ("mean", "sum") and u.kind == "tensor" for u in q.users(p, val))
            rows = reduced and inner.name == "batch"  # every value of a loader has a row for each sample
            rows = rows or (bool(named) and reduced and inner.name in ("batch", "element", "getitem", "part", "sample"))
        if rows:
            named_mask = f.said(weight) & {"mask", "masks", "valid", "keep"} or inner.dtype == "bool"
            return found, ("a mask" if named_mask else "a weight per sample") + " is multiplied with it"
    return None
