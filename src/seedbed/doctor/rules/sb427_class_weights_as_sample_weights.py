"""WeightedRandomSampler needs one weight per sample.

## What it does

Finds a `WeightedRandomSampler` that gets one weight per class instead of one per sample.

## Why is this bad

It then only ever draws the first few samples of the data set.

## Example

```python
from torch.utils.data import WeightedRandomSampler
labels = torch.randint(0, 3, (100,))
class_weights = 1.0 / torch.bincount(labels).float()
sampler = WeightedRandomSampler(class_weights, num_samples=100)
```

## Use instead

```python
from torch.utils.data import WeightedRandomSampler
labels = torch.randint(0, 3, (100,))
class_weights = 1.0 / torch.bincount(labels).float()
sampler = WeightedRandomSampler(class_weights[labels], num_samples=100)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import counts
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_makers("WeightedRandomSampler"):
        made = event.result
        weights = made.arg(0, "weights") if made is not None and made.name == "WeightedRandomSampler" else None
        if made is None or weights is None or _of_entries(p, made, weights):
            continue
        parts = list(ancestors(weights, limit=60))
        made_of = counts.of_counts(weights)
        per_sample = any(
            v.name == "getitem" or v.name in ("comprehension", "gather", "index_select", "where", "list") for v in parts
        )
        if (
            (any(v.name in ("bincount", "unique", "histc") for v in parts) and not per_sample)
            or (made_of is not None and not made_of[2])
            or counts.per_class(weights)
            or counts.written(weights)
            or _appended(p, weights)
            or ({"class", "weights"} <= set(words(weights.var)) and not per_sample)
        ):
            yield p.report(
                "SB427",
                event,
                "WeightedRandomSampler gets class weights, but it needs one weight per sample",
                why="it draws indices below len(weights), so only the first few samples are ever used",
                fix="Index the class weights with the labels: class_weights[labels]",
            )


def _appended(p: Program, weights: Val) -> bool:
    """Whether a list is filled in one loop over the classes: ``for c in counts: weights.append(1 / counts[c])``."""
    filled = [v for v in ancestors(weights, limit=6) if v.kind == "list" and "grown" in v.tags]
    adds = [e for e in p.calls("append") if len(filled) == 1 and e.recv is filled[0] and e.args]
    return bool(adds) and all(
        len(e.loops) == 1 and e.loops[0].over is not None and counts.each_class(e.loops[0].over, e.args[0])
        for e in adds
    )


def _of_entries(p: Program, sampler: Val, weights: Val) -> bool:
    """Whether the samples themselves are what was counted: one for each different text, one for each user."""
    counted = {id(v) for v in ancestors(weights, limit=60) if v.name in counts.COUNTS}
    loaders = [e for e in p.calls("DataLoader") if e.args and e.kwargs.get("sampler") is sampler]
    return any(id(v) in counted for e in loaders for v in ancestors(e.args[0], limit=80))
