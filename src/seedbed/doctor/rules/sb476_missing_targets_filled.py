"""Missing targets are filled with a number and trained on.

## What it does

Finds targets whose missing values become a constant (`fillna(0)`), though nothing masks them.

## Why is this bad

"Not known" becomes "zero": the model learns negatives that nobody has observed.

## Example

```python
import pandas as pd
table = pd.read_csv("survey.csv")
target = torch.tensor(table["rating"].fillna(0).values).float()
F.mse_loss(model(x), target).backward()
```

## Use instead

```python
import pandas as pd
table = pd.read_csv("survey.csv").dropna(subset=["rating"])
target = torch.tensor(table["rating"].values).float()
F.mse_loss(model(x), target).backward()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_ASKS = ("isnan", "notna", "isfinite", "notnull", "isna", "isnull", "dropna")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if any(word in p.source.text for word in _ASKS):
        return
    told: set[int] = set()
    for event in p.all("loss"):
        if len(event.args) < 2 or not event.grad or not p.trained(event.result):
            continue
        filled = _filled(event.args[1])
        if filled is None or id(filled.node) in told:
            continue
        told.add(id(filled.node))
        yield p.report(
            "SB476",
            filled,
            f"missing targets (NaN) are filled by {filled.name}() and trained on as if they were known",
            why="unlabelled entries become negatives or zeros; the loss must leave them out (mask)",
            fix="Mask them: known = ~torch.isnan(labels); loss[known].mean(), or drop these rows",
        )


def _filled(target: Val) -> Val | None:
    """Where missing values of the targets themselves are replaced by a constant."""
    for step in lineage.certain(target):
        if step.name == "fillna":
            column = step.args[0] if step.args else None
            value = step.args[1] if len(step.args) > 1 else step.kwargs.get("value")
            named = column is not None and column.name == "getitem" and isinstance(column.args[-1].const, str)
            if named and value is not None and isinstance(value.const, (int, float)):
                return step
    return None
