"""The values of `max` (or `topk`) are compared with the labels instead of its indices.

## What it does

Finds `x.max(dim)` (also `torch.max`, `topk`) of a model's scores whose first result, the values, is compared with
class labels or passed to a metric.

## Why is this bad

`max` with a dim returns `(values, indices)`. The values are scores or probabilities; the predicted classes are the
indices. The comparison is almost never true, so the accuracy is near zero (or by chance right at class 0 or 1).

## Example

```python
model = nn.Linear(4, 3)
model.eval()
with torch.no_grad():
    for x, y in loader:
        pred, _ = torch.max(model(x), 1)
        correct = (pred == y).sum()
```

## Use instead

```python
model = nn.Linear(4, 3)
model.eval()
with torch.no_grad():
    for x, y in loader:
        _, pred = torch.max(model(x), 1)
        correct = (pred == y).sum()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import measures
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_REDUCED = ("max", "topk", "amax")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    if not any(map(_values, p.anywhere(*_REDUCED))):
        return
    for event, left, right in measures.equalities(p):
        for guess, truth in ((left, right), (right, left)):
            values = next((v for v in measures.elements(guess) if _values(v)), None)
            if values is None or not measures.is_label(truth) or id(values.node) in seen:
                continue
            seen.add(id(values.node))
            yield p.report(
                "SB327",
                values,
                f"the values of {values.name}() are compared with the labels: its indices (argmax) are the classes",
                why="max over a dim returns (values, indices); the values are scores, which never equal a class number",
                fix="Use the second result, .indices, [1], or argmax(dim=1)",
                related=((str(event.src.path), event.line, "the comparison"),),
            )


def _values(val: Val) -> bool:
    if val.name not in _REDUCED or val.kind != "tensor" or not val.args:
        return False
    return (len(val.args) > 1 or bool({"dim", "axis"} & set(val.kwargs))) and f.from_model(val.args[0])
