"""The loss is scaled but the optimizer steps without the scaler.

## What it does

Finds a `GradScaler` that scales the loss while the optimizer steps directly (or steps through a scaler that
never scaled).

## Why is this bad

The gradients are still multiplied by the loss scale (65536 at first), so the step is that many times too
large, or too small the other way round.

## Example

```python
scaler = torch.amp.GradScaler("cuda")
for x, y in loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    optimizer.step()
    scaler.update()
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
from seedbed.doctor.static import hand_scale
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    backs = [(e, e.recv) for e in p.all("backward") if e.recv is not None]
    scaled = [e for e, root in backs if any(o.name == "scaled" for o in root.options())]
    plain = [e for e, root in backs if root.kind == "tensor" and root.name != "scaled"]
    steps = [e for e in p.all("step") if e.name != "scaler"]
    through = p.all("scaler_step")
    if scaled and steps and not through and hand_scale.by_scaler(p):
        return  # the gradients are divided by hand
    if scaled and steps and not through and not p.all("unscale"):
        yield p.report(
            "SB122",
            steps[0],
            "the loss is scaled by GradScaler but optimizer.step() is called directly",
            why="the gradients are never divided by the loss scale (65536 at first), so every step is far too large",
            fix="Call scaler.step(optimizer) instead of optimizer.step()",
            related=((str(scaled[0].src.path), scaled[0].line, "scaler.scale(loss)"),),
        )
    elif scaled and steps and not through and p.all("scaler_update"):
        yield p.report(
            "SB122",
            steps[0],
            "optimizer.step() is called directly instead of scaler.step(optimizer): steps with infinite gradients are "
            "not skipped",
            why="GradScaler looks for infinities in scaler.step(); after an overflow the weights become NaN",
            fix="Call scaler.step(optimizer) instead of optimizer.step()",
            related=((str(scaled[0].src.path), scaled[0].line, "scaler.scale(loss)"),),
        )
    elif through and plain and not scaled and not any(root.kind != "tensor" for _, root in backs):
        yield p.report(
            "SB122",
            plain[0],
            "scaler.step() is used but the loss is never scaled: scaler.scale(loss) is missing",
            why="scaler.step() divides the gradients by the loss scale (65536 at first), so the steps are almost zero",
            fix="Call scaler.scale(loss).backward()",
            related=((str(through[0].src.path), through[0].line, "scaler.step()"),),
        )
    elif through and plain and scaled:
        yield from _mixed(p, scaled, plain, through)


def _mixed(p: Program, scaled: list[Event], plain: list[Event], through: list[Event]) -> Iterator[Finding]:
    """One loss is scaled, another one is not, and both feed the same step."""
    for back in plain:
        step = next((s for s in through if s.seq > back.seq and s.loops == back.loops), None)
        other = next((b for b in scaled if b.loops == back.loops and step is not None and b.seq < step.seq), None)
        if step is None or other is None or back.conds != other.conds or back.kwargs.get("inputs") is not None:
            continue
        if back.node is other.node:
            continue  # one line, read twice: where the scaler is not known it looks unscaled
        first, last = min(back.seq, other.seq), max(back.seq, other.seq)
        between = [e for e in p.all("step", "clear", "unscale") if first < e.seq < last]
        if between:
            continue
        yield p.report(
            "SB122",
            back,
            "this loss is not scaled: scaler.scale(loss) is missing here, while the other loss of the step is scaled",
            why="scaler.step() divides all gradients by the loss scale (65536 at first), so those of this loss vanish",
            fix="Call scaler.scale(loss).backward() for every loss of the step",
            related=((str(other.src.path), other.line, "the scaled loss"),),
        )
        return
