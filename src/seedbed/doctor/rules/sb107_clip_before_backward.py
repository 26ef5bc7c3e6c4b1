"""Gradients are clipped before backward() has made them.

## What it does

Finds gradient clipping before `backward()`.

## Why is this bad

The gradients do not exist yet (or are the old ones), so what `backward()` makes is never clipped.

## Example

```python
for x, y in loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    order = [e for e in p.all("backward", "clip", "step") if e.first]
    for clip in p.once("clip"):
        loop = clip.loop
        if loop is None:
            continue
        before = [e for e in order if e.seq < clip.seq and loop in e.loops]
        after = [e for e in order if e.seq > clip.seq and loop in e.loops]
        if before or len(after) < 2 or after[0].kind != "backward" or after[1].kind != "step":
            continue
        yield p.report(
            "SB107",
            q.beside(clip, after[0]),
            "gradients are clipped before backward() has computed them: the clipping has no effect",
            why="clip_grad_* works on .grad; backward() at line "
            + str(after[0].line)
            + " adds the real gradients after it",
            fix="Move the clipping between backward() and optimizer.step()",
        )
