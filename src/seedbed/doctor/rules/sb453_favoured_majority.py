"""The sampler favours the frequent class, or its weights have no effect.

## What it does

Finds `WeightedRandomSampler` weights that are class counts instead of their inverse, and `replacement=False`.

## Why is this bad

Frequent classes are drawn even more often. Without replacement every sample is drawn once, whatever its weight.

## Example

```python
from torch.utils.data import WeightedRandomSampler
counts = torch.bincount(labels).float()
sampler = WeightedRandomSampler(counts[labels], len(labels))
```

## Use instead

```python
from torch.utils.data import WeightedRandomSampler
counts = torch.bincount(labels).float()
sampler = WeightedRandomSampler((1 / counts)[labels], len(labels))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import counts
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_makers("WeightedRandomSampler"):
        made = event.result
        if made is None or made.name != "WeightedRandomSampler":
            continue
        weights, again = made.arg(0, "weights"), made.arg(2, "replacement")
        found = counts.of_counts(weights) if weights is not None else None
        if found is not None and found[2] and found[1] > 0:
            yield p.report(
                "SB453",
                event,
                "WeightedRandomSampler gets class counts as weights: frequent classes are drawn more often (inverted)",
                why="the weight of a sample must be the inverse of its class frequency to balance the classes",
                fix="Use weights = (1.0 / counts)[labels]",
            )
        elif again is not None and again.const is False and weights is not None:
            yield p.report(
                "SB453",
                event,
                "WeightedRandomSampler with replacement=False draws every sample once: the weights have no effect",
                why="over a whole epoch only the order changes, the classes stay as imbalanced as they are",
                fix="Use replacement=True (the default)",
            )
