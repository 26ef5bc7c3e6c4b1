"""A sampler draws only a few samples per epoch.

## What it does

Finds `WeightedRandomSampler` and `RandomSampler` whose `num_samples` is the number of classes, the batch size or a
handful, instead of the number of samples.

## Why is this bad

`num_samples` is the length of an epoch: nearly all data is left out of every epoch.

## Example

```python
from torch.utils.data import DataLoader, WeightedRandomSampler
counts = torch.bincount(labels)
weights = (1.0 / counts)[labels]
sampler = WeightedRandomSampler(weights, num_samples=len(counts))
loader = DataLoader(dataset, batch_size=32, sampler=sampler)
```

## Use instead

```python
from torch.utils.data import DataLoader, WeightedRandomSampler
counts = torch.bincount(labels)
weights = (1.0 / counts)[labels]
sampler = WeightedRandomSampler(weights, num_samples=len(weights))
loader = DataLoader(dataset, batch_size=32, sampler=sampler)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import counts
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    sizes: dict[int, Val] = {}
    for event in p.calls("DataLoader"):
        sampler = event.kwargs.get("sampler")
        size = event.arg(1, "batch_size")
        if sampler is not None and size is not None:
            sizes[id(sampler)] = size
    for event in p.once("call"):
        made = event.result
        name = made.name if made is not None else ""
        if made is None or name not in ("WeightedRandomSampler", "RandomSampler"):
            continue
        number = made.arg(1 if name[0] == "W" else 2, "num_samples")
        if number is None or number.is_none:
            continue
        what = _few(number, sizes.get(id(made)))
        if what:
            yield p.report(
                "SB467",
                event,
                f"{name} draws too few samples: num_samples is {what}, so an epoch has no more than that",
                why="num_samples is the number of samples per epoch, not per class or per batch",
                fix="Use num_samples=len(weights), the number of samples",
            )


def _few(number: Val, size: Val | None) -> str:
    if size is not None and (number is size or (number.kind == size.kind == "const" and number.const == size.const)):
        return f"the batch size ({ast_text(number)})"
    if number.kind == "const" and isinstance(number.const, int) and 0 < number.const <= 16:
        small = size is None or not isinstance(size.const, int) or number.const <= size.const
        return str(number.const) if small else ""
    if number.name in ("len", "size", "numel") and number.args:
        found = counts.of_counts(number.args[0])
        if found is not None and not found[2]:
            return "the number of classes"
    return ""


def ast_text(val: Val) -> str:
    """A number, or the name of it."""
    return str(val.const) if val.kind == "const" else val.var or val.name
