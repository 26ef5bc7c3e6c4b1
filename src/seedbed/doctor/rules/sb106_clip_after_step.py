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
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    order = [e for e in p.all("backward", "clip", "step") if e.first]
    for clip in p.once("clip"):
        near = [e for e in order if e.loops == clip.loops and q.ordered(p, e, clip)]
        before = [e for e in near if e.seq < clip.seq]
        after = [e for e in near if e.seq > clip.seq]
        if (step := _outside(p, clip)) is not None:
            yield p.report(
                "SB106",
                clip,
                "gradients are clipped once per epoch, after the steps of all batches: the clipping has no effect",
                why=f"the step at line {step.line} has already used the unclipped gradients, and the next ones are "
                "cleared before they are",
                fix="Clip in the batch loop, between backward() and optimizer.step()",
            )
            continue
        if not before or before[-1].kind != "step" or (after and after[0].kind == "step"):
            continue
        if not any(e.kind == "backward" for e in before):
            continue
        yield p.report(
            "SB106",
            q.beside(clip, before[-1]),
            "gradients are clipped after optimizer.step(): the clipping has no effect",
            why="the step at line " + str(before[-1].line) + " has already used the unclipped gradients",
            fix="Move the clipping between backward() and optimizer.step()",
        )


def _outside(p: Program, clip: Event) -> Event | None:
    """The step of an inner loop after which a clip stands, when the gradients are cleared before the next step."""
    events = p.all("backward", "step", "clear")
    last = next((e for e in reversed(events) if e.seq < clip.seq), None)
    if last is None or last.kind != "step" or len(last.loops) <= len(clip.loops):
        return None
    if last.loops[: len(clip.loops)] != clip.loops:
        return None
    following = next((e for e in events if e.seq > clip.seq), None)
    return last if following is None or following.kind == "clear" else None
