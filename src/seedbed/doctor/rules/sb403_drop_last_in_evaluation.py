"""Drop_last=True on evaluation data: samples are skipped.

## What it does

Finds `drop_last=True` on a loader that is used for evaluation.

## Why is this bad

The last incomplete batch is never evaluated: the metric ignores these samples.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset
val_loader = DataLoader(TensorDataset(torch.randn(100, 4)), batch_size=64, drop_last=True)
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset
val_loader = DataLoader(TensorDataset(torch.randn(100, 4)), batch_size=64)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import metering, rounds
from seedbed.doctor.static.program import LoopRun, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    training = {id(loader) for loader, _ in d.training_loaders(p)}
    looped = {
        id(o)
        for e in p.all("loop")
        if (over := rounds.base_of_loop(LoopRun(e.node, e.src, e.recv))) is not None
        for o in over.options()
    }
    for event in p.first_makers("loader"):
        made = event.result
        if made is None or made.kind != "loader" or id(made) in training:
            continue
        flag = made.kwargs.get("drop_last")
        if flag is None or flag.const is not True:
            continue
        if rounds.split_of_val(made) in ("val", "test") or (p.trains and id(made) in looped):
            rest = metering.dataset_size(made.args[0]) if made.args else None
            size = made.number(1, "batch_size")
            lost = rest % size if isinstance(rest, int) and isinstance(size, int) and size else None
            if lost == 0:
                continue
            yield p.report(
                "SB403",
                made,
                "drop_last=True on the evaluation loader: the samples of the last batch are never evaluated (dropped)",
                why="the metric silently skips samples" + (f": {lost} of {rest} here" if lost else ""),
                fix="Remove drop_last=True",
                lost=lost,
            )
