"""Attention weights are normalised over one axis and summed over another.

## What it does

Finds `einsum` products of attention in which the axis that the softmax normalises stays, and another one is summed.

## Why is this bad

No output is a weighted mean of the values: its weights do not sum to one.

## Example

```python
q, k, v = (nn.Linear(12, 12)(torch.randn(4, 8, 12)) for _ in range(3))
scores = torch.einsum("bqd,bkd->bkq", q, k) / 12 ** 0.5
out = torch.einsum("bkq,bkd->bqd", scores.softmax(-1), v)
```

## Use instead

```python
q, k, v = (nn.Linear(12, 12)(torch.randn(4, 8, 12)) for _ in range(3))
scores = torch.einsum("bqd,bkd->bqk", q, k) / 12 ** 0.5
out = torch.einsum("bqk,bkd->bqd", scores.softmax(-1), v)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import op_shapes, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for made, source in training.softmaxes(p) if p.made("einsum") else ():
        axis = op_shapes.dim_of(made.args, made.kwargs)
        scores = [v for v in q.chain(source) if v.name in ("matmul", "bmm", "einsum")]
        if type(axis) is not int or not scores or id(made.node) in seen:
            continue
        for used in q.users(p, made):
            found = _letters(used, made)
            if found is None or not -len(found[0]) <= axis < len(found[0]):
                continue
            weights, out = found
            letter, summed = weights[axis], [c for c in weights if c not in out]
            if letter not in out or len(summed) != 1:
                continue
            seen.add(id(made.node))
            yield p.report(
                "SB688",
                made,
                f"the attention softmax runs over {letter} (dim={axis}), but einsum sums over {summed[0]}: the weights "
                "of a query do not sum to one over the keys",
                why="the output is no weighted mean of the values",
                fix=f"Take the softmax over the axis of {summed[0]} (the keys), or swap the letters of the scores",
                related=(q.place(used),),
            )
            break


def _letters(used: Val, weights: Val) -> tuple[str, str] | None:
    """The letters of the weights in an ``einsum``, and those of its result."""
    if used.name != "einsum" or len(used.args) != 3 or not isinstance(used.args[0].const, str):
        return None
    left, arrow, right = used.args[0].const.replace(" ", "").partition("->")
    terms = left.split(",")
    at = next((i for i, a in enumerate(used.args[1:]) if a is weights), None)
    if not arrow or at is None or len(terms) != 2 or "." in left:
        return None
    return terms[at], right
