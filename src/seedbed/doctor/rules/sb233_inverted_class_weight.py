"""Class weights favour the frequent class.

## What it does

Finds class weights that favour the frequent class.

## Why is this bad

Weights must grow as a class gets rarer. Counts themselves do the opposite.

## Example

```python
labels = torch.randint(0, 3, (100,))
counts = torch.bincount(labels).float()
loss_fn = nn.CrossEntropyLoss(weight=counts / counts.sum())
```

## Use instead

```python
labels = torch.randint(0, 3, (100,))
counts = torch.bincount(labels).float()
loss_fn = nn.CrossEntropyLoss(weight=counts.sum() / (3 * counts))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("call"):
        if event.name.rsplit(".", 1)[-1] not in ("CrossEntropyLoss", "NLLLoss", "cross_entropy", "nll_loss"):
            continue
        weight = event.kwargs.get("weight")
        if weight is not None and _is_count(weight):
            yield p.report(
                "SB233",
                weight if weight.line else event,
                "class weights are the class frequencies: they favour the frequent class (inverted)",
                why="rare classes count even less than without weights",
                fix="Use the inverse: weight = counts.sum() / (num_classes * counts)",
            )
    for event in p.once("call"):
        if event.name.rsplit(".", 1)[-1] not in ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits"):
            continue
        weight = event.kwargs.get("pos_weight")
        for one in q.chain(weight) if weight is not None else []:
            for val in [one, *(one.items or [])]:
                if val.name == "div" and len(val.args) == 2:
                    top, bottom = (set(words(a.var)) for a in val.args)
                    if top & {"pos", "positive", "positives"} and bottom & {"neg", "negative", "negatives"}:
                        yield p.report(
                            "SB233",
                            val,
                            "pos_weight is positives / negatives: it is inverted",
                            why="pos_weight multiplies the loss of positives; for a rare class it must be "
                            "larger than 1",
                            fix="Use pos_weight = negatives / positives",
                        )


def _is_count(val: Val) -> bool:
    for one in val.options():
        if one.name == "bincount":
            return True
        if one.name == "div" and len(one.args) == 2:
            top, bottom = one.args
            return _is_count(top) and (
                bottom.name in ("sum", "max", "len", "number") or bottom.kind in ("const", "number")
            )
        if one.name in ("float", "to", "tensor", "sqrt", "double", "unsqueeze", "as_tensor", "from_numpy") and one.args:
            return _is_count(one.args[0])
    return False
