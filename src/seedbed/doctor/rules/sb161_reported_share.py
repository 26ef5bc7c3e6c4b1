"""The reported loss is the one that was divided for gradient accumulation.

## What it does

Finds a sum of losses that were divided by the accumulation steps, which is then divided by the number of batches.

## Why is this bad

The reported loss is k times too small: it cannot be compared with the validation loss or with a run without
accumulation.

## Example

```python
k = 4
total = 0.0
for i, (x, y) in enumerate(loader):
    loss = F.cross_entropy(model(x), y) / k
    loss.backward()
    total += loss.item()
    if (i + 1) % k == 0:
        optimizer.step()
        optimizer.zero_grad()
print("train loss", total / len(loader))
```

## Use instead

```python
k = 4
total = 0.0
for i, (x, y) in enumerate(loader):
    loss = F.cross_entropy(model(x), y) / k
    loss.backward()
    total += loss.item() * k
    if (i + 1) % k == 0:
        optimizer.step()
        optimizer.zero_grad()
print("train loss", total / len(loader))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import rounds
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("augment", "keep"):
        loop = event.loop
        if (event.kind == "augment" and event.name != "Add") or loop is None or not event.args:
            continue
        if id(event.node) in seen:
            continue
        share = _share(event.args[-1])
        if share is None or not rounds.is_loader_loop(loop) or event.conds_in(loop):
            continue
        if not p.trained(share) or not any(s.inside(loop) and s.conds_in(loop) for s in p.all("step", "scaler_step")):
            continue
        mean = _mean(p, event) if event.kind == "augment" else _averaged(p, event)
        if mean is None:
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB161",
            event,
            "the reported loss is summed after it was divided by the accumulation steps: it is too small by that "
            "factor",
            why=f"the sum is divided by the number of batches again at line {mean.line}, so the reported loss is not "
            "the mean over the batches",
            fix="Multiply it back (loss.item() * accumulation_steps), or add the loss before it is divided",
            related=((str(share.src.path) if share.src is not None else "", share.line, "divided here"),),
        )


def _share(val: Val) -> Val | None:
    """The loss divided by a whole number that is added up as it is, without being multiplied back."""
    one = val
    while one.name in ("item", "detach", "float", "float_builtin", "cpu") and one.args:
        one = one.args[0]
    if one.kind != "tensor" or one.name not in ("div", "scaled") or len(one.args) < 2:
        return None
    by = one.args[1]
    whole = by.kind == "const" and type(by.const) is int and by.const > 1
    return one if whole and one.args[0].grad else None


def _mean(p: Program, event: Event) -> Val | None:
    """Where the sum is divided by the length of a loader."""
    for val in p.anywhere("div", "true_divide"):
        if len(val.args) < 2 or val.seq < event.clock:
            continue
        below: Val | None = val.args[1]
        while below is not None and below.name in ("max", "float", "float_builtin", "int_builtin") and below.args:
            below = below.args[0]
        if below is None or below.name != "len" or not below.args:
            continue
        if below.args[0].kind != "loader" and below.args[0] is not rounds.base_of_loop(event.loop):
            continue
        if any(v is event.result for v in ancestors(val.args[0], limit=40)):
            return val
    return None


def _averaged(p: Program, event: Event) -> Val | None:
    """Where the mean of a list of them is taken, or its sum divided by its length."""
    names = ("mean", "np_mean", "nanmean", "fmean", "np_average")
    for val in (*p.anywhere(*names), *p.anywhere("div", "true_divide")):
        if val.seq < event.clock or not val.args:
            continue
        if val.name in ("div", "true_divide") and not any(v.name == "len" for v in ancestors(val.args[-1], limit=4)):
            continue
        if any(v is event.recv for v in ancestors(val.args[0], limit=12)):
            return val
    return None
