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
from seedbed.doctor.static import op_shapes
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        parts = f.weighed(back.recv) if back.recv is not None else []
        sums = [(v, w) for v, w in parts if w is not None and _is_sum(v)]
        means = [(v, w) for v, w in parts if w is not None and f.loss_value(v) is not None]
        pair = _by_hand(parts) or next(((s, m) for s, w in sums for m, k in means if k > 0 and w >= _FACTOR * k), None)
        if pair is None or id(pair[0].node) in seen:
            continue
        seen.add(id(pair[0].node))
        total, mean = f.core(pair[0]), f.core(pair[1])
        made = total.owner
        how = "reduction=sum" if total.name == "loss" else "sum() without dim"
        yield p.report(
            "SB560",
            made if getattr(made, "kind", "") == "module" and made.line else total,
            f"one term of the loss is a sum over the batch ({how}), another one a mean: the scales do not fit",
            why="the sum is larger by the number of elements and grows with the batch size, so the mean hardly counts",
            fix="Use the same reduction for all terms, or divide the sum by the number of samples",
            related=(q.place(total), q.place(mean)),
        )


_FACTOR = 0.2  # what is multiplied by a small number is brought to scale by hand


def _by_hand(parts: list[tuple[Val, float | None]]) -> tuple[Val, Val] | None:
    """A squared or absolute error summed over all rows, with a term that is a mean over the same rows."""
    known = [(f.core(v), abs(w)) for v, w in parts if w]
    for total, weight in known:
        if not _is_error_sum(total):
            continue
        rows = _rows(total)
        for mean, other in known:
            if f.loss_value(mean) is None and not _is_row_mean(mean):
                continue
            if weight >= _FACTOR * other and rows & _rows(mean):
                return total, mean
    return None


def _is_error_sum(val: Val) -> bool:
    """``(output - target).pow(2).sum()`` over a batch."""
    base = val.args[0] if val.name == "sum" and val.args else None
    if base is None or op_shapes.dim_of(val.args, val.kwargs) is not None or len(val.args) > 1:
        return False
    error = f.core(base)
    inner = f.core(error.args[0]) if error.name in ("pow", "square", "abs") and error.args else None
    if inner is None or inner.name != "sub" or len(inner.args) != 2 or all(a.grad for a in inner.args):
        return False
    return base.shape is not None and len(base.shape) > 1 and base.shape[0] != 1


def _is_row_mean(val: Val) -> bool:
    """``per_row.mean()``: a mean over all rows of a batch, or over all that is in it."""
    base = val.args[0] if val.name == "mean" and val.args else None
    if base is None or base.shape is None or not base.shape or base.shape[0] == 1:
        return False
    return op_shapes.dim_of(val.args, val.kwargs) in (None, 0) and val.grad


def _rows(val: Val) -> set[int]:
    """What layers gave on the way to a value: two terms that share some are about the same rows."""
    return {id(v) for v in ancestors(val, limit=300) if v.kind == "tensor" and v.owner is not None and v.grad}


def _is_sum(val: Val) -> bool:
    """Whether a term is a library loss that is summed over more than one element."""
    one = f.loss_value(val, reduced=False)
    if one is None or "reduction=sum" not in one.tags or not one.args:
        return False
    shape = next((a.shape for a in one.args[:2] if a.shape is not None), None)
    return shape is None or (shape != () and shape[0] != 1)
