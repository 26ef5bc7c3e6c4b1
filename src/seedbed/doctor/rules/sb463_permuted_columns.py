"""The features have another order in prediction than in training.

## What it does

Finds inputs of one model that are taken from the same columns in two different orders.

## Why is this bad

A network knows its inputs by their place only: with swapped columns every prediction is wrong, without an error.

## Example

```python
x = torch.tensor(train[["age", "income", "rooms"]].values).float()
for epoch in range(5):
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
x_new = torch.tensor(new[["income", "age", "rooms"]].values).float()
print(model(x_new))
```

## Use instead

```python
columns = ["age", "income", "rooms"]
x = torch.tensor(train[columns].values).float()
for epoch in range(5):
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
x_new = torch.tensor(new[columns].values).float()
print(model(x_new))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static.categories import strings
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_TOGETHER = ("reindex", ".align(", "Categorical", "OneHotEncoder", "columns=train", "missing_cols")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _dummies(p)
    yield from _drawn(p)
    known: dict[frozenset[str], tuple[list[str], Val]] = {}
    told: set[int] = set()
    for event in p.all("forward"):
        if event.depth or not event.args:
            continue
        for one in ancestors(event.args[0], limit=1500):
            names = strings(one.args[1]) if one.name == "getitem" and len(one.args) > 1 else None
            if names is None or len(names) < 2 or len(set(names)) < len(names):
                continue
            first, at = known.setdefault(frozenset(names), (names, one))
            if first != names and id(one.node) not in told:
                told.add(id(one.node))
                yield p.report(
                    "SB463",
                    one,
                    f"the feature columns have another order here {names} than at line {at.line} {first}: "
                    "column order of training and prediction differ",
                    why="the model knows its inputs by position, so it gets the wrong feature in each place",
                    fix="Keep one list of feature columns and use it in both places",
                    related=((str(at.src.path) if at.src else "", at.line, "the other order"),),
                )


def _drawn(p: Program) -> Iterator[Finding]:
    """``x[:, torch.randperm(d)]`` in the loop of training: the features change places in every epoch."""
    learned, measured = lineage.feeds(p)
    told: set[int] = set()
    kept = {id(v) for f in measured for v in lineage.path(f.x)}
    for feed in learned:
        for step in lineage.certain(feed.x):
            key = step.args[1] if step.name == "getitem" and len(step.args) > 1 else None
            pair = (key.items or []) if key is not None and key.kind == "tuple" else []
            places = pair[1] if len(pair) == 2 else None
            if places is None or places.name not in ("randperm", "np_permutation", "permutation"):
                continue
            table = step.args[0]
            flat = table.shape is not None and len(table.shape) == 2
            if flat and places.loops and id(step) not in kept and id(step.node) not in told:
                told.add(id(step.node))
                yield p.report(
                    "SB463",
                    step,
                    "the feature columns are put in a new random order in every round: columns are permuted, not rows",
                    why="the model knows its inputs by position, so it gets another feature in each place every time",
                    fix="Permute the rows of inputs and labels: x[perm], y[perm] with perm = randperm(len(x))",
                )


def _dummies(p: Program) -> Iterator[Finding]:
    """``get_dummies`` of the training table and of the test table, each on its own."""
    calls = [e for e in p.calls("get_dummies") if e.args and e.result is not None]
    if len(calls) < 2 or any(word in p.source.text for word in _TOGETHER):
        return
    first = next((e for e in calls if e.args[0].split == "train"), None)
    for event in calls:
        if first is not None and event.args[0].split in ("val", "test") and event.node is not first.node:
            yield p.report(
                "SB463",
                event,
                "get_dummies() makes the columns of this table on its own: their number and order differ from those of "
                "the training table (columns, features)",
                why="a category that is missing in one table has no column there, so all later features shift",
                fix="Bring it to the columns of training: test.reindex(columns=train.columns, fill_value=0)",
                related=((str(first.src.path), first.line, "the columns of training"),),
            )
            return
