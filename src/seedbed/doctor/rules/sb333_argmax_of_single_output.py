"""The argmax of a single output is always 0.

## What it does

Finds `argmax` (or the indices of `max`) over an axis that has one entry, the single logit of a binary classifier.

## Why is this bad

There is only one class to choose from: every prediction is 0. The accuracy is the share of negatives, and it never
changes.

## Example

```python
model = nn.Linear(4, 1)
model.eval()
with torch.no_grad():
    for x, y in loader:
        correct = (model(x).argmax(dim=1) == y).sum()
```

## Use instead

```python
model = nn.Linear(4, 1)
model.eval()
with torch.no_grad():
    for x, y in loader:
        correct = ((model(x).squeeze(1) > 0) == y).sum()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.op_shapes import dim_of
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val

_SAME_AXES = frozenset(
    ["to", "cuda", "cpu", "float", "double", "half", "bfloat16", "type", "type_as", "contiguous", "clone", "detach",
     "data", "numpy", "forward", "identity", "Identity", "dropout", "Dropout", "alpha_dropout", "requires_grad_"]
)  # fmt: skip


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    calls = p.makers("argmax", "max")
    if not calls or q.has_unlike_heads(p):
        return
    for event in calls:
        made = event.result
        if made is not None and made.kind == "tuple" and made.name == "max" and made.items and len(made.items) == 2:
            made = made.items[1]
        if made is None or made.name != "argmax" or made.kind != "tensor" or not made.args or id(event.node) in seen:
            continue
        shape, dim = made.args[0].shape, dim_of(made.args, made.kwargs)
        if shape is None and _single(made.args[0]):
            shape = (None, 1)
        if shape is None or not isinstance(dim, int) or isinstance(dim, bool) or not -len(shape) <= dim < len(shape):
            continue
        if len(shape) >= 2 and shape[dim] == 1 and dim % len(shape) > 0 and f.from_model(made.args[0]):
            seen.add(id(event.node))
            yield p.report(
                "SB333",
                event,
                "argmax over a single output is always 0: every sample is predicted as class 0",
                why="the model has one logit per sample, so there is nothing to choose from",
                fix="Cut the single logit instead: (logit > 0), or torch.sigmoid(logit) > 0.5",
                shape=str(shape),
            )


def _single(val: Val) -> bool:
    """Whether a value is the output of a layer with one output, on the same axes: nothing squeezed it away."""
    made = training.loss_origins(val)
    if any(v.kind == "tensor" and v.name in TRANSPARENT and v.name not in _SAME_AXES for v in q.chain(val)):
        return False
    return bool(made) and all(
        o.name == "Linear" and o.owner is not None and o.owner.number(1, "out_features") == 1 for o in made
    )
