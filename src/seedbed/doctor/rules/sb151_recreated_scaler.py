"""The GradScaler is created again in every step: its scale never adapts.

## What it does

Finds a `GradScaler` that is made anew in every step.

## Why is this bad

The scale starts at its first value each time: it never grows or backs off, so overflows repeat and small
gradients are lost.

## Example

```python
for x, y in loader:
    scaler = torch.amp.GradScaler("cuda")
    optimizer.zero_grad()
    scaler.scale(loss_fn(model(x), y)).backward()
    scaler.step(optimizer)
    scaler.update()
```

## Use instead

```python
scaler = torch.amp.GradScaler("cuda")
for x, y in loader:
    optimizer.zero_grad()
    scaler.scale(loss_fn(model(x), y)).backward()
    scaler.step(optimizer)
    scaler.update()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import rounds
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_makers("scaler"):
        made = event.result
        if made is None or made.kind != "scaler" or event.recv is not None or not event.loops:
            continue
        loop = event.loops[-1]
        steps = [e for e in p.all("scaler_step") if e.recv is made and e.inside(loop)]
        anew = any(loop.node in o.loops for e in steps for a in e.args for o in a.options())
        if steps and not anew and rounds.repeats(loop):
            once = any(e.loop is loop for e in steps)  # else it lives for the batches of an inner loop
            yield p.report(
                "SB151",
                event,
                "the GradScaler is created again in every round of the loop: the loss scale "
                + ("never adapts" if once else "starts over each time"),
                why="each new scaler starts at its first scale, so it never learns from overflows"
                if once
                else "each new scaler forgets the scale that was found, so overflows skip the first steps again",
                fix="Create the scaler once, before the loop (in __init__)",
            )
