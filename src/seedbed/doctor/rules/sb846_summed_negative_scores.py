"""Scores of several negatives are summed before the log-sigmoid.

## What it does

Finds losses of negative sampling (skip-gram) with `logsigmoid(-scores.sum(1))`, where each sample has several
negatives.

## Why is this bad

Each negative has to be told apart by itself: `logsigmoid(-scores).sum(1)`. In the sum of the scores negatives cancel
each other: one that is far too high is made up for by others that are low.

## Example

```python
words, others = nn.Embedding(50, 8), nn.Embedding(50, 8)
optimizer = torch.optim.Adam([*words.parameters(), *others.parameters()])
for step in range(10):
    centre, near, far = torch.randint(0, 50, (32,)), torch.randint(0, 50, (32,)), torch.randint(0, 50, (32, 5))
    v = words(centre)
    good = (v * others(near)).sum(1)
    bad = torch.bmm(others(far), v.unsqueeze(2)).squeeze(2)
    loss = -(F.logsigmoid(good) + F.logsigmoid(-bad.sum(1))).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
words, others = nn.Embedding(50, 8), nn.Embedding(50, 8)
optimizer = torch.optim.Adam([*words.parameters(), *others.parameters()])
for step in range(10):
    centre, near, far = torch.randint(0, 50, (32,)), torch.randint(0, 50, (32,)), torch.randint(0, 50, (32, 5))
    v = words(centre)
    good = (v * others(near)).sum(1)
    bad = torch.bmm(others(far), v.unsqueeze(2)).squeeze(2)
    loss = -(F.logsigmoid(good) + F.logsigmoid(-bad).sum(1)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_PRODUCTS = ("bmm", "matmul", "einsum", "sum")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    made = [v for v in p.made("logsigmoid", "LogSigmoid", "log") if v.args and p.trained(v)]
    plain = [v for v in made if (arg := _argument(v)) is not None and not _turned(arg)[1]]
    for val in made:
        arg = _argument(val)
        if arg is None or id(val.node) in seen:
            continue
        total, turned = _turned(arg)
        if not turned or total.name != "sum" or len(total.args) + len(total.kwargs) < 2:
            continue
        scores = _below_sign(total.args[0])
        several = _several(scores) if scores is not None else []
        if not several or not any(_same_table(one, good) for one in several for good in plain):
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB846",
            val,
            "the scores of all negatives are summed before logsigmoid",
            why="each negative score needs its own log-sigmoid: in the sum negatives cancel each other",
            fix="Sum after it: F.logsigmoid(-scores).sum(1)",
        )


def _argument(val: Val) -> Val | None:
    """What a log-sigmoid is taken of."""
    if val.name != "log":
        return val.args[0]
    inner = core(val.args[0])
    return inner.args[0] if inner.name in ("sigmoid", "Sigmoid") and inner.args else None


def _turned(val: Val) -> tuple[Val, bool]:
    """A value without its sign, and whether it was negative; the sign may stand above or below a sum."""
    one, turned = core(val), False
    for _ in range(4):
        if one.name != "neg" or not one.args:
            break
        one, turned = core(one.args[0]), not turned
    if one.name == "sum" and one.args and core(one.args[0]).name == "neg":
        turned = not turned
    return one, turned


def _below_sign(val: Val) -> Val | None:
    one = core(val)
    one = core(one.args[0]) if one.name == "neg" and one.args else one
    return one if one.name in _PRODUCTS and one.args else None


def _several(scores: Val) -> list[Val]:
    """Embeddings of several ids for each sample that the scores are made from."""
    return [v for v in _rows(scores) if v.shape is not None and len(v.shape) == 3 and v.shape[1] != 1]


def _rows(scores: Val) -> list[Val]:
    """The rows of embeddings that a score is made from; how their ids came about does not matter."""
    found: list[Val] = []
    stack, seen = [scores], set[int]()
    while stack and len(seen) < 60:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.name == "Embedding" and one.owner is not None:
            found.append(one)
        elif one.kind in ("tensor", "phi"):
            stack.extend(one.args)
    return found


def _same_table(several: Val, good: Val) -> bool:
    """Whether the positive score takes one row for each sample from the table that the negatives come from."""
    return any(
        v.owner is several.owner
        and v.shape is not None
        and (len(v.shape) == 2 or (len(v.shape) == 3 and v.shape[1] == 1))
        for v in _rows(good)
    )
