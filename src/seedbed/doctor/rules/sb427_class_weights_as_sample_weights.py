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
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_makers("WeightedRandomSampler"):
        made = event.result
        if made is None or made.name != "WeightedRandomSampler":
            continue
        weights = made.arg(0, "weights")
        if weights is None:
            continue
        parts = list(ancestors(weights, limit=60))
        made_of = counts.of_counts(weights)
        per_sample = any(
            v.name == "getitem" or v.name in ("comprehension", "gather", "index_select", "where", "list") for v in parts
        )
        literal = (
            weights.kind == "list"
            and weights.items
            and all(i.kind == "const" for i in weights.items)
            and "each" not in weights.tags
        )
        if (
            (any(v.name in ("bincount", "unique", "histc") for v in parts) and not per_sample)
            or (made_of is not None and not made_of[2])
            or (literal and weights.name != "repeat" and len(weights.items or []) <= 10)
            or ({"class", "weights"} <= set(words(weights.var)) and not per_sample)
        ):
            yield p.report(
                "SB427",
                event,
                "WeightedRandomSampler gets class weights, but it needs one weight per sample",
                why="it draws indices below len(weights), so only the first few samples are ever used",
                fix="Index the class weights with the labels: class_weights[labels]",
            )
