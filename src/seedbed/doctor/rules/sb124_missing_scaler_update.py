"""Scaler.update() is never called.

## What it does

Finds `scaler.step()` without `scaler.update()`.

## Why is this bad

The loss scale never adapts: after the first overflow every step is skipped, or the scale stays too small.

## Example

```python
scaler = torch.amp.GradScaler("cuda")
for x, y in loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
```

## Use instead

```python
scaler = torch.amp.GradScaler("cuda")
for x, y in loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if p.all("scaler_update") or any(e.name == ".update" for e in p.calls("update")):
        return
    for event in list(p.once("scaler_step"))[:1]:
        if not p.complete and not event.loops:
            continue
        yield p.report(
            "SB124",
            event,
            "scaler.update() is never called: the loss scale never adapts",
            why="after an overflow the scale stays too large and every following step is skipped",
            fix="Call scaler.update() after scaler.step(optimizer)",
        )
