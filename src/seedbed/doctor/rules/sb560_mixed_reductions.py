"""One term of the loss is a sum over the batch, another one a mean.

## What it does

Finds losses that are added without a factor although one has `reduction="sum"` and another is a mean.

## Why is this bad

The summed term is larger by the number of elements of the batch: the other term hardly counts, and how little changes
with the batch size.

## Example

```python
scores, back = model(x)
loss = F.cross_entropy(scores, y) + F.mse_loss(back, x, reduction="sum")
loss.backward()
```

## Use instead

```python
scores, back = model(x)
loss = F.cross_entropy(scores, y) + F.mse_loss(back, x)
loss.backward()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        parts = f.weighed(back.recv) if back.recv is not None else []
        sums = [(v, w) for v, w in parts if w is not None and _is_sum(v)]
        means = [(v, w) for v, w in parts if w is not None and f.loss_value(v) is not None]
        pair = next(((s, m) for s, w in sums for m, k in means if k > 0 and w >= _FACTOR * k), None)
        if pair is None or id(pair[0].node) in seen:
            continue
        seen.add(id(pair[0].node))
        total, mean = f.core(pair[0]), f.core(pair[1])
        made = total.owner
        yield p.report(
            "SB560",
            made if getattr(made, "kind", "") == "module" and made.line else total,
            "one term of the loss is a sum over the batch (reduction=sum), another one a mean: the scales do not fit",
            why="the sum is larger by the number of elements and grows with the batch size, so the mean hardly counts",
            fix="Use the same reduction for all terms, or divide the sum by the number of samples",
            related=(q.place(total), q.place(mean)),
        )


_FACTOR = 0.2  # what is multiplied by a small number is brought to scale by hand


def _is_sum(val: Val) -> bool:
    """Whether a term is a library loss that is summed over more than one element."""
    one = f.loss_value(val, reduced=False)
    if one is None or "reduction=sum" not in one.tags or not one.args:
        return False
    shape = next((a.shape for a in one.args[:2] if a.shape is not None), None)
    return shape is None or (shape != () and shape[0] != 1)
