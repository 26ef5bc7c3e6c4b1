"""Inputs and targets are shuffled differently.

## What it does

Finds inputs and targets that are shuffled differently.

## Why is this bad

Every sample gets the label of another one: there is nothing to learn.

## Example

```python
x = torch.randn(100, 4)
y = x.sum(1)
x = x[torch.randperm(100)]
y = y[torch.randperm(100)]
data = torch.utils.data.TensorDataset(x, y)
```

## Use instead

```python
x = torch.randn(100, 4)
y = x.sum(1)
order = torch.randperm(100)
x, y = x[order], y[order]
data = torch.utils.data.TensorDataset(x, y)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    pairs = [(e.args[0], e.args[1], e) for e in p.calls("TensorDataset") if len(e.args) >= 2]
    for event in p.all("loss"):
        if len(event.args) >= 2:
            for f in training.forwards(p):
                if f.result is not None and f.args and f.result in q.chain(event.args[0]):
                    pairs.append((f.args[0], event.args[1], event))
    for left, right, event in pairs:
        a, b = d.shuffle_of(left), d.shuffle_of(right)
        if id(event.node) in seen or not (a or b):
            continue
        if (a is None) != (b is None):
            moved, still = (left, right) if a is not None else (right, left)
            bases = [
                v.args[0]
                for v in d.chain_all(moved)
                if v.name == "getitem" and v.args and (a or b) in d.chain_all(v.args[1])
            ]
            other_way = any(
                v.name in ("getitem", "index_select") and any(k.name == "randperm" for k in v.inputs())
                for v in ancestors(still, limit=80)
            )
            if bases and not other_way and any(bases[0] is v for v in ancestors(still, limit=80)):
                seen.add(id(event.node))
                yield p.report(
                    "SB414",
                    a or b or event,
                    "only one of inputs and targets is shuffled: the labels no longer fit their inputs",
                    why="the other one keeps the old order, so the pairs are mixed up",
                    fix="Index both with the same permutation",
                    related=((str(event.src.path), event.line, "they are paired here"),),
                )
                continue
        if (a is not None and b is not None and a is not b) or (
            (a is None) != (b is None) and _raw(left if a is None else right)
        ):
            one = a or b
            where = b if b is not None else a
            if where is None or one is None:
                continue
            seen.add(id(event.node))
            yield p.report(
                "SB414",
                where,
                "inputs and targets are shuffled differently: the labels no longer fit their inputs",
                why="each is indexed with its own permutation (or only one of them is), so the pairs are mixed up",
                fix="Draw one permutation and use it for both",
                related=((str(event.src.path), event.line, "they are paired here"),),
            )
    yield from _twice(p)


def _twice(p: Program) -> Iterator[Finding]:
    """``shuffle()`` called for inputs and for targets."""
    shuffles = [
        e
        for e in p.once("call")
        if e.name in ("numpy.random.shuffle", "random.shuffle", "np.random.shuffle") and e.args
    ]
    if (
        len(shuffles) >= 2
        and shuffles[1].line - shuffles[0].line <= 2
        and not any(e.name.endswith("seed") and shuffles[0].seq < e.seq < shuffles[1].seq for e in p.all("call"))
    ):
        yield p.report(
            "SB414",
            shuffles[1],
            "inputs and targets are shuffled separately: the labels no longer fit their inputs",
            why="each call of shuffle() draws its own order",
            fix="Draw one permutation and index both with it",
        )


def _raw(val: Val) -> bool:
    """Whether data reaches this place as it was made: no index, no loader."""
    return (
        all(
            v.name
            not in (
                "getitem",
                "batch",
                "train_test_split",
                "element",
                "part",
                "stack",
                "cat",
                "randint",
                "index_select",
            )
            and v.kind != "unknown"
            for v in ancestors(val, limit=60)
        )
        and any(v.name in ("randn", "rand", "linspace", "randint", "arange") for v in ancestors(val, limit=60))
        and not any(v.name == "randperm" for v in ancestors(val, limit=60))
    )
