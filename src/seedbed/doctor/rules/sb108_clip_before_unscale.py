"""Gradients are clipped while still multiplied by the loss scale.

## What it does

Finds gradient clipping under a `GradScaler` without `scaler.unscale_()`, or before the gradients are divided by a loss
scale that is multiplied in by hand.

## Why is this bad

The gradients are still multiplied by the loss scale (65536 at first), so the threshold cuts nearly
everything.

## Example

```python
scaler = torch.amp.GradScaler("cuda")
for x, y in loader:
    optimizer.zero_grad()
    with torch.autocast("cuda"):
        loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
```

## Use instead

```python
scaler = torch.amp.GradScaler("cuda")
for x, y in loader:
    optimizer.zero_grad()
    with torch.autocast("cuda"):
        loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import hand_scale, ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    scaled = [e for e in p.all("backward") if e.recv is not None and any(o.name == "scaled" for o in e.recv.options())]
    divided = hand_scale.by_scaler(p) if scaled else []
    for clip in p.once("clip"):
        backs = [e for e in scaled if e.seq < clip.seq and q.same_branch(e, clip) and q.ordered(p, e, clip)]
        if not backs or any(u.seq < clip.seq and u.seq > backs[-1].seq and _of(u, clip) for u in p.all("unscale")):
            continue
        if any(backs[-1].seq < d.seq < clip.seq for d in divided):
            continue
        inside = [u for u in p.all("unscale") if u.first and u.loop is not None and clip.inside(u.loop)]
        inside = [u for u in inside if _of(u, clip)]
        if any(u.seq < clip.seq or not q.same_branch(u, clip) for u in inside):
            continue
        yield p.report(
            "SB108",
            clip,
            "gradients are clipped before scaler.unscale_(optimizer): they are still multiplied by the loss scale",
            why="the threshold is compared with gradients that are up to 65536 times too large, so every "
            "step is cut to almost nothing",
            fix="Call scaler.unscale_(optimizer) before clipping",
        )
    yield from _by_hand(p, scaled)
    yield from _own_scale(p)


def _own_scale(p: Program) -> Iterator[Finding]:
    """``(loss * scale).backward()``, then the clipping, then ``p.grad.div_(scale)``."""
    seen: set[int] = set()
    for back, undone in hand_scale.pairs(p):
        for clip in p.all("clip"):
            if not back.seq < clip.seq < undone.seq or not q.same_branch(clip, undone) or id(clip.node) in seen:
                continue
            seen.add(id(clip.node))
            yield p.report(
                "SB108",
                clip,
                "gradients are clipped before they are divided by the loss scale: the threshold sees scaled gradients",
                why=f"the loss of line {back.line} was multiplied by it, so the effective threshold is 1/scale of "
                "what is written and every step is cut to almost nothing",
                fix="Divide the gradients by the scale (unscale) first, then clip",
                related=((str(undone.src.path), undone.line, "divided only here"),),
            )


def _of(unscale: Event, clip: Event) -> bool:
    """Whether an optimizer that was unscaled can hold what is clipped."""
    optimizer = unscale.arg(0, "optimizer")
    held = ownership.held(optimizer) if optimizer is not None and optimizer.kind == "optimizer" else []
    clipped = [m for a in clip.args[:1] for m in ownership.modules_of(a)]
    if not held or not clipped:
        return True
    return any(ownership.related(h, c) for h in held for c in clipped)


def _by_hand(p: Program, scaled: list[Event]) -> Iterator[Finding]:
    """``p.grad.clamp_(...)`` between ``scaler.scale(loss).backward()`` and the step, without ``unscale_``."""
    for event in p.once("inplace"):
        if event.recv is None or event.recv.name != "grad" or event.name not in ("clamp_", "clip_", "add_", "sub_"):
            continue
        backs = [b for b in scaled if b.seq < event.seq]
        if not backs or any(backs[-1].seq < u.seq < event.seq for u in (*p.all("unscale"), *hand_scale.by_scaler(p))):
            continue
        yield p.report(
            "SB108",
            event,
            f"gradients are changed ({event.name}) before scaler.unscale_(optimizer): they still hold the loss scale",
            why="the bound is compared with gradients that are up to 65536 times too large",
            fix="Call scaler.unscale_(optimizer) before touching .grad",
        )
