"""The clipping threshold is implausible.

## What it does

Finds a clipping threshold that cuts everything or nothing.

## Why is this bad

A threshold of 1e-5 turns every gradient into noise-sized steps.

## Example

```python
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1e-5)
    optimizer.step()
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("clip"):
        limit = event.arg(1, "max_norm") or event.kwargs.get("clip_value")
        if limit is None or not isinstance(limit.const, (int, float)) or isinstance(limit.const, bool):
            continue
        if 0 < limit.const <= 1e-3 or limit.const == 0:
            yield p.report(
                "SB144",
                event,
                f"the clipping threshold {limit.const:g} is so small that every gradient is cut to almost nothing",
                why="with a clipped gradient norm this small the weights hardly move",
                fix="Use a threshold near 1.0 (look at the usual gradient norm first)",
            )
