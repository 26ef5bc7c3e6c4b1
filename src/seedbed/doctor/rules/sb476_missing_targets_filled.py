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
from seedbed.doctor.static.values import Val, ancestors

_ASKS = ("isnan", "notna", "isfinite", "notnull", "isna", "isnull", "dropna")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _set_by_mask(p)
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


_MEANS = frozenset(["nanmean", "nanmedian"])


def _set_by_mask(p: Program) -> Iterator[Finding]:
    """``y[gaps] = np.nanmean(y)``, where nothing asks for the gaps afterwards and the inputs are another table."""
    told: set[int] = set()
    for feed in lineage.feeds(p)[0]:
        steps = lineage.certain(feed.y) if feed.y is not None else []
        inputs = {id(v) for v in lineage.path(feed.x)}
        for event in p.all("setitem"):
            at = next((n for n, s in enumerate(steps) if s is event.recv), None)
            if at is None or len(event.args) < 2 or id(event.node) in told or id(event.recv) in inputs:
                continue
            mask, value = event.args[:2]
            if value.name not in _MEANS or mask.kind != "tensor" or p.users(mask) or _asked(p, mask):
                continue
            if any(s.name == "getitem" and s.args[-1].kind == "tuple" for s in steps[:at]):
                continue  # a column of a table: maybe the gaps are in others
            told.add(id(event.node))
            yield p.report(
                "SB476",
                event,
                f"missing targets are filled with {value.name}() and trained on as if they were known",
                why="what nobody has observed becomes the mean, and the model learns it like a measurement",
                fix="Leave these rows out: keep = ~np.isnan(y); x[keep], y[keep], or mask them in the loss",
            )


def _asked(p: Program, mask: Val) -> bool:
    """Whether something else asks which values are missing."""
    return any(v is not mask and not any(a is v for a in ancestors(mask, limit=20)) for v in p.made(*_ASKS))


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
