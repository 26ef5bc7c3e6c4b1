"""Logits are compared with 0.5 as if they were probabilities.

## What it does

Finds logits that are compared with 0.5 (or rounded) as if they were probabilities.

## Why is this bad

A logit of 0 is a probability of 0.5. With the threshold 0.5 many positives are missed.

## Example

```python
model = nn.Linear(4, 1)
for x, y in loader:
    optimizer.zero_grad()
    out = model(x)
    F.binary_cross_entropy_with_logits(out, y).backward()
    optimizer.step()
    correct = ((out > 0.5).float() == y).sum().item()
```

## Use instead

```python
model = nn.Linear(4, 1)
for x, y in loader:
    optimizer.zero_grad()
    out = model(x)
    F.binary_cross_entropy_with_logits(out, y).backward()
    optimizer.step()
    correct = ((out > 0).float() == y).sum().item()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    others = _otherwise_trained(p)
    logits = {
        id(o.owner)
        for e in p.all("loss")
        if e.name == "BCEWithLogitsLoss" and e.args
        for o in training.loss_origins(e.args[0])
        if o.owner is not None and id(o.owner) not in others
    }
    if not logits:
        return
    opaque = {
        id(o.owner)
        for e in p.all("loss")
        if e.name == "BCEWithLogitsLoss" and e.args
        for o in training.loss_origins(e.args[0])
        if "opaque" in o.tags and o.owner is not None and id(o.owner) not in others
    }
    seen: set[int] = set()
    for event in p.all("compare", "call"):
        if id(event.node) in seen:
            continue
        if event.kind == "compare":
            if event.name not in ("Gt", "GtE", "Lt", "LtE") or len(event.args) < 2 or event.args[1].const != 0.5:
                continue
            source = event.args[0]
        else:
            made = event.result
            if made is None or not made.args or made.kind not in ("tensor", "unknown"):
                continue
            cut = made.name in ("gt", "ge", "lt", "le", "greater", "greater_equal") and made.number(1, "other") == 0.5
            if made.name not in ("round", "np_round") and not cut:
                continue
            source = made.args[0]
        for one in training.loss_origins(source):
            if one.kind != "tensor" or one.owner is None:
                continue
            raw = (one.name in training.LOGIT_OPS and id(one.owner) in logits) or id(one.owner) in opaque
            if raw and not any(v.name == "sigmoid" for v in q.chain(source)):
                seen.add(id(event.node))
                what = "rounded" if event.kind == "call" and "round" in event.name else "compared with 0.5"
                yield p.report(
                    "SB307",
                    event,
                    f"raw logits are {what} as if they were probabilities: the sigmoid is missing",
                    why="the model is trained with BCEWithLogitsLoss, so 0.5 on the logit means a probability of 0.62",
                    fix="Use torch.sigmoid(logits) > 0.5, or logits > 0",
                )
                break


_NUMBERS = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss")


def _otherwise_trained(p: Program) -> set[int]:
    """Ids of what is fitted to the labels as numbers, 0.5 between them: the loss on logits is only reported."""
    fitted: dict[bool, set[int]] = {True: set(), False: set()}
    for event in p.all("loss"):
        if event.args and event.grad and (event.name in _NUMBERS or event.name == "BCEWithLogitsLoss"):
            owners = {id(o.owner) for o in training.loss_origins(event.args[0]) if o.owner is not None}
            fitted[event.name in _NUMBERS] |= owners
    return fitted[True] - fitted[False]
