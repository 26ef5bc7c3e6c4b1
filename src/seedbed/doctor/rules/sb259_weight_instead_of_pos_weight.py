"""BCE's `weight` is used where `pos_weight` is meant.

## What it does

Finds `BCEWithLogitsLoss(weight=...)` with a single number or with one number per class for a single output.

## Why is this bad

`weight` multiplies the loss of every element, positives and negatives alike: a single number only scales the
loss, and two "class weights" are multiplied with every sample. The balance of the classes does not change.

## Example

```python
loss_fn = nn.BCEWithLogitsLoss(weight=torch.tensor([9.0]))
```

## Use instead

```python
loss_fn = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([9.0]))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", "BCELoss"):
        last = event.name.rsplit(".", 1)[-1]
        if last not in ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", "BCELoss"):
            continue
        weight = event.kwargs.get(
            "weight", event.args[0] if last in ("BCEWithLogitsLoss", "BCELoss") and event.args else None
        )
        if weight is None or weight.is_none or "pos_weight" in event.kwargs or weight.kind not in ("tensor", "const"):
            continue
        one = f.core(weight)
        if one.name in ("Parameter", "ones") or (one.shape not in ((), (1,)) and one.kind != "const"):
            if one.shape != (2,) or not _single(p, event.result):
                continue
            what = "two class weights are multiplied with every single output (N, 1)"
        else:
            what = "one number only scales the whole loss"
        yield p.report(
            "SB259",
            event,
            f"weight is not pos_weight: {what}",
            why="positives and negatives are weighted alike, so the rare class counts no more than before",
            fix="Use pos_weight=negatives / positives to weigh the positive class",
        )


def _single(p: Program, module: object) -> bool:
    """Whether the loss gets outputs of shape (N, 1)."""
    return any(
        e.recv is module and e.args and e.args[0].shape is not None and e.args[0].shape[-1:] == (1,)
        for e in p.all("loss")
    )
