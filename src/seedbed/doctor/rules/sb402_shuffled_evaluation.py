"""The evaluation data is shuffled.

## What it does

Finds evaluation data that is shuffled.

## Why is this bad

The metrics are the same, but predictions no longer line up with the data set.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset
val_loader = DataLoader(TensorDataset(torch.randn(100, 4)), batch_size=10, shuffle=True)
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset
val_loader = DataLoader(TensorDataset(torch.randn(100, 4)), batch_size=10)
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
        flag = made.arg(2, "shuffle")
        if flag is not None and flag.const is True:
            yield p.report(
                "SB402",
                made,
                "the evaluation data is shuffled (shuffle=True on a validation or test loader)",
                why="predictions come in another order each time and no longer line up with the data set",
                fix="Use shuffle=False for evaluation",
            )
