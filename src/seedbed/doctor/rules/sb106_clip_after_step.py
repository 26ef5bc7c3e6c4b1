"""Gradients are clipped after optimizer.step().

## What it does

Finds gradient clipping after `optimizer.step()`.

## Why is this bad

The step has already used the unclipped gradients, so the clipping has no effect.

## Example

```python
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    optimizer.step()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    order = [e for e in p.all("backward", "clip", "step") if e.first]
    for clip in p.once("clip"):
        before = [e for e in order if e.seq < clip.seq and e.loops == clip.loops]
        after = [e for e in order if e.seq > clip.seq and e.loops == clip.loops]
        if not before or before[-1].kind != "step" or (after and after[0].kind == "step"):
            continue
        if not any(e.kind == "backward" for e in before):
            continue
        yield p.report(
            "SB106",
            clip,
            "gradients are clipped after optimizer.step(): the clipping has no effect",
            why="the step at line " + str(before[-1].line) + " has already used the unclipped gradients",
            fix="Move the clipping between backward() and optimizer.step()",
        )
