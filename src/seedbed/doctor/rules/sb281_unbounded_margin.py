"""A triplet loss without the hinge has no lower bound.

## What it does

Finds a trained difference of two distances (plus a margin) without `relu`, `clamp(min=0)` or `softplus`.

## Why is this bad

The loss is lowest when the negatives are infinitely far away. Triplets that are far enough apart already go on
pulling, the embeddings explode, and hard triplets count no more than easy ones.

## Example

```python
net = nn.Linear(8, 4)
optimizer = torch.optim.Adam(net.parameters())
for x, y in loader:
    anchor, positive, negative = net(x), net(x + 0.1), net(x.flip(0))
    near = (anchor - positive).pow(2).sum(1)
    far = (anchor - negative).pow(2).sum(1)
    optimizer.zero_grad()
    (near - far + 0.5).mean().backward()
    optimizer.step()
```

## Use instead

```python
net = nn.Linear(8, 4)
optimizer = torch.optim.Adam(net.parameters())
for x, y in loader:
    anchor, positive, negative = net(x), net(x + 0.1), net(x.flip(0))
    near = (anchor - positive).pow(2).sum(1)
    far = (anchor - negative).pow(2).sum(1)
    optimizer.zero_grad()
    F.relu(near - far + 0.5).mean().backward()
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

_DISTANCES = ("pairwise_distance", "norm", "vector_norm", "PairwiseDistance", "dist")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    yield from _by_label(p, seen)
    for back in p.once("backward"):
        if back.recv is None:
            continue
        terms = f.summands(back.recv)
        near = [t for s, t in terms if s > 0 and _is_distance(t)]
        far = [t for s, t in terms if s < 0 and _is_distance(t)]
        margin = [t for s, t in terms if t.kind == "const" or "margin" in t.var]
        if not near or not far or not margin or id(far[0].node) in seen or not _one_anchor(near[0], far[0]):
            continue
        seen.add(id(far[0].node))
        root = back.recv
        at = next((u for u in q.users(p, far[0]) if u.name in ("sub", "add")), root)
        yield p.report(
            "SB281",
            at,
            "the triplet (margin) loss is not cut at zero: relu or clamp(min=0) is missing",
            why="without the hinge the loss has no lower bound: negatives are pushed away for ever",
            fix="Use F.relu(d_pos - d_neg + margin).mean(), or nn.TripletMarginLoss",
        )


def _by_label(p: Program, seen: set[int]) -> Iterator[Finding]:
    """The hinge ``clamp(1 - y * score, min=0)`` with a wrong sign, or cut at the wrong side."""
    for back in p.once("backward"):
        for val in ancestors(back.recv) if back.recv is not None else ():
            if (
                val.name not in ("relu", "clamp", "clamp_min", "clip", "clamp_max")
                or not val.args
                or id(val.node) in seen
            ):
                continue
            terms = f.plain_terms(val.args[0])
            ones = [s for s, t in terms if t.kind == "const" and t.const in (1, 1.0)]
            products = [(s, t) for s, t in terms if t.name == "mul" and _label_and_score(t)]
            if len(terms) != 2 or ones != [1] or len(products) != 1:
                continue
            low, high = val.arg(1, "min"), val.kwargs.get("max")
            upper = val.name == "clamp_max" or (
                high is not None and high.const in (0, 0.0) and (low is None or low.is_none)
            )
            if products[0][0] == 1 or upper:
                seen.add(id(val.node))
                what = (
                    "cut above zero instead of below it (max=0)"
                    if upper
                    else "taken with the wrong sign: 1 + y * score"
                )
                yield p.report(
                    "SB281",
                    val,
                    f"the hinge (margin) loss is {what}",
                    why="right answers with a margin must cost nothing, and wrong ones more and more",
                    fix="Use torch.clamp(1 - y * score, min=0).mean() with labels -1 and 1",
                )


def _label_and_score(val: Val) -> bool:
    """Whether a product is that of labels and an output of a model."""
    if len(val.args) != 2:
        return False
    score, label = val.args if val.args[0].grad else val.args[::-1]
    return score.grad and not label.grad and label.kind == "tensor" and f.from_model(score) and not f.from_model(label)


def _is_distance(val: Val) -> bool:
    """Whether a term is a distance between two outputs of a model."""
    if val.name in _DISTANCES:
        return val.grad
    if val.name in ("sqrt", "sum", "mean") and val.args:
        return _is_distance(f.core(val.args[0]))
    if val.name in ("pow", "square", "abs") and val.args:
        inner = f.core(val.args[0])
        return inner.name == "sub" and len(inner.args) == 2 and all(a.grad for a in inner.args)
    return False


def _one_anchor(near: Val, far: Val) -> bool:
    """Whether both distances start from one point."""
    left, right = _ends(near), _ends(far)
    return bool({id(v) for v in left} & {id(v) for v in right})


def _ends(val: Val) -> list[Val]:
    for _ in range(6):
        if val.name in _DISTANCES and len(val.args) > 1 and val.args[1].kind == "tensor":
            return [f.core(a) for a in val.args[:2]]
        if val.name == "sub":
            return [f.core(a) for a in val.args]
        if not val.args:
            return []
        val = f.core(val.args[0])
    return []
