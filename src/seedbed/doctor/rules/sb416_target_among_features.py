"""The target is among the inputs.

## What it does

Finds inputs that contain the target column.

## Why is this bad

The model reads the answer from its input.

## Example

```python
table = torch.randn(100, 5)
x, y = table, table[:, -1]
data = torch.utils.data.TensorDataset(x, y)
```

## Use instead

```python
table = torch.randn(100, 5)
x, y = table[:, :-1], table[:, -1]
data = torch.utils.data.TensorDataset(x, y)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import overlaps, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    pairs = [(e.args[0], e.args[1], e) for e in p.calls("TensorDataset", "train_test_split") if len(e.args) >= 2]
    for event in p.all("loss"):
        if len(event.args) >= 2:
            for f in training.forwards(p):
                if f.result is not None and f.args and f.result in q.chain(event.args[0]):
                    pairs.append((f.args[0], event.args[1], event))
    for left, right, event in pairs:
        column = overlaps.column_of(right)
        if column is None or id(event.node) in seen:
            continue
        base, at, made = column
        taken = overlaps.columns_in(left, base)
        if taken is None:
            continue
        low, high = taken
        width = base.shape[1] if base.shape is not None and len(base.shape) > 1 else None
        where = at if at >= 0 or width is None else at + width
        inside = (low <= where and (high is None or where < high)) if where >= 0 else high is None
        if inside:
            seen.add(id(event.node))
            yield p.report(
                "SB416",
                left if left.line else event,
                "the target column is among the inputs: the model reads the answer (a leak)",
                why=f"the inputs contain column {at}, which is the target",
                fix="Leave the target column out of the inputs",
                related=(q.place(made),),
            )
