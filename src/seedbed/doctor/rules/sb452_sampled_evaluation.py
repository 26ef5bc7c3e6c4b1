"""The evaluation data is drawn by a weighted or random sampler.

## What it does

Finds validation and test loaders with a `WeightedRandomSampler` or a sampler with replacement.

## Why is this bad

Samples are drawn several times or not at all. The score is that of another distribution and changes from run to run.

## Example

```python
from torch.utils.data import DataLoader, WeightedRandomSampler
test_loader = DataLoader(test_set, batch_size=64, sampler=WeightedRandomSampler(weights[labels], 1000))
for x, y in test_loader:
    out = model(x)
```

## Use instead

```python
from torch.utils.data import DataLoader
test_loader = DataLoader(test_set, batch_size=64)
for x, y in test_loader:
    out = model(x)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import rounds
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    training = {id(loader) for loader, _ in d.training_loaders(p)}
    told: set[int] = set()
    first: dict[int, Event] = {}  # a helper makes the loaders of all splits at one place
    for event in p.makers("loader"):
        made = event.result
        if made is None or made.kind != "loader" or id(made) in training or _split(made) not in ("val", "test"):
            first.setdefault(id(event.node), event)
            continue
        other = first.get(id(event.node))
        at = _call(event, other) if other is not None else made
        place = at[0] if isinstance(at, tuple) else made.node
        if id(place) in told:
            continue
        sampler = made.arg(4, "sampler")
        again = sampler.kwargs.get("replacement") if sampler is not None else None
        if sampler is not None and (
            sampler.name == "WeightedRandomSampler"
            or (sampler.name == "RandomSampler" and again is not None and again.const is True)
        ):
            told.add(id(place))
            yield p.report(
                "SB452",
                at if isinstance(at, tuple) else made,
                f"the evaluation data is drawn by {sampler.name}: samples are repeated and others are never evaluated",
                why="the metric is that of a resampled, balanced set, not of the validation or test distribution",
                fix="Evaluate on the plain data: no sampler, shuffle=False",
            )


def _call(event: Event, other: Event) -> tuple[ast.AST, Source] | Val | None:
    """The call of the helper that makes both loaders, which asks for this one."""
    pairs = zip(event.sites, other.sites, strict=False)
    return next((a for a, b in reversed(list(pairs)) if a[0] is not b[0]), event.result)


def _split(loader: Val) -> str:
    """The split that a loader is of, as it or, where a helper has made it without a name, its data is called."""
    return rounds.split_of_val(loader) or (rounds.split_of_val(loader.args[0]) if loader.args else "")
