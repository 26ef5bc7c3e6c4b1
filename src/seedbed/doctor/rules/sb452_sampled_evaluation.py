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

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import rounds
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    training = {id(loader) for loader, _ in d.training_loaders(p)}
    for event in p.first_makers("loader"):
        made = event.result
        if (
            made is None
            or made.kind != "loader"
            or id(made) in training
            or rounds.split_of_val(made) not in ("val", "test")
        ):
            continue
        sampler = made.arg(4, "sampler")
        again = sampler.kwargs.get("replacement") if sampler is not None else None
        if sampler is not None and (
            sampler.name == "WeightedRandomSampler"
            or (sampler.name == "RandomSampler" and again is not None and again.const is True)
        ):
            yield p.report(
                "SB452",
                made,
                f"the evaluation data is drawn by {sampler.name}: samples are repeated and others are never evaluated",
                why="the metric is that of a resampled, balanced set, not of the validation or test distribution",
                fix="Evaluate on the plain data: no sampler, shuffle=False",
            )
