"""A change for one part of a split changes the other part too.

## What it does

Finds assignments to `subset.dataset.transform` (or a flag such as `augment`) after a random split.

## Why is this bad

Both parts of the split share one data set. Switching augmentation off for the validation switches it off for the
training too, or gives the validation the random transform of the training.

## Example

```python
from torch.utils.data import random_split
train_set, val_set = random_split(Pictures(), [80, 20])
val_set.dataset.transform = plain
```

## Use instead

```python
from torch.utils.data import Subset, random_split
train_set, val_set = random_split(Pictures(), [80, 20])
val_set = Subset(Pictures(transform=plain), val_set.indices)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_MEANS = frozenset(
    ["transform", "transforms", "tf", "augment", "augmentation", "aug", "train", "training", "mode", "noise", "eval"]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    parts = [
        e.result for e in p.calls("random_split", "Subset") if e.name.rsplit(".", 1)[-1] in ("random_split", "Subset")
    ]
    bases: dict[int, int] = {}
    for part in parts:
        for one in (part.items or [part]) if part is not None else ():
            if one.args:
                bases[id(one.args[0])] = bases.get(id(one.args[0]), 0) + 1
    own = [e for e in p.all("attribute") if e.name == "dataset" and not (e.args and id(e.args[-1]) in bases)]
    if any(_split(o, bases) for e in own for o in _either(e)):
        return  # one part got a data set of its own
    last: dict[tuple[str, int], Event] = {}  # of several the last one holds, for all parts
    for event in p.once("attribute"):
        target = event.node
        inner = target.value if isinstance(target, ast.Attribute) else None
        if not isinstance(inner, ast.Attribute) or inner.attr != "dataset" or event.recv is None:
            continue
        if not set(words(event.name)) & _MEANS or not any(_split(o, bases) for o in event.recv.options()):
            continue
        owner = next(o for o in event.recv.options() if _split(o, bases))
        last[event.name, id(owner.args[0]) if owner.name == "random_split" and owner.args else id(owner)] = event
    for event in last.values():
        name = syntax.text(event.node).rsplit(".dataset.", 1)[0]
        yield p.report(
            "SB447",
            event,
            f"{name}.dataset is shared by both parts of the split: setting {event.name} here changes the training "
            "and the validation data alike",
            why="random_split and Subset keep a reference to the same dataset, not a copy of it",
            fix="Make a second dataset for the evaluation (or copy.copy it) and take Subset(copy, indices)",
        )


def _either(event: Event) -> Iterator[Val]:
    """What an attribute is set on, and what that was split from."""
    for one in event.recv.options() if event.recv is not None else ():
        yield one
        yield from one.args[:1]


def _split(val: object, bases: dict[int, int]) -> bool:
    return bases.get(id(val), 0) >= 2 or getattr(val, "name", "") in ("random_split",)
