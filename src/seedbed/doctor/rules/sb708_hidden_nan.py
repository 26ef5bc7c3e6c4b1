"""NaN is replaced or skipped instead of explained.

## What it does

Finds NaN that is replaced in the trained loss instead of explained.

## Why is this bad

`nan_to_num` hides where NaN comes from, and its gradient is wrong.

## Example

```python
model = nn.Linear(4, 3)
for x, y in loader:
    optimizer.zero_grad()
    loss = torch.nan_to_num(F.cross_entropy(model(x), y))
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls("nan_to_num", "nan_to_num_", "nanmean", "nansum"):
        if (
            event.name.rsplit(".", 1)[-1] in ("nan_to_num", "nan_to_num_", "nanmean", "nansum")
            and event.result is not None
            and p.trained(event.result)
            and event.result.grad
        ):
            yield p.report(
                "SB708",
                event,
                "NaN in the loss is hidden instead of explained",
                why="the cause stays, and the gradient of the replaced value is wrong",
                fix="Find where NaN arises (torch.autograd.set_detect_anomaly(True)) and guard that operation",
            )
