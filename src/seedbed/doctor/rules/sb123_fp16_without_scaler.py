"""Float16 autocast without a GradScaler: small gradients become zero.

## What it does

Finds float16 autocast in training without a `GradScaler`.

## Why is this bad

Small gradients become zero in float16. The loss scale keeps them in range.

## Example

```python
for x, y in loader:
    optimizer.zero_grad()
    with torch.autocast("cuda", dtype=torch.float16):
        loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    with torch.autocast("cuda", dtype=torch.bfloat16):
        loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import hand_scale, training
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    backs = p.all("backward")
    if any(
        e.recv is not None and any(o.name in ("scaled",) or o.kind in ("unknown", "method") for o in e.recv.options())
        for e in backs
    ):
        return
    if hand_scale.pairs(p):
        return  # a fixed loss scale, multiplied in and divided out again, does what the scaler does
    if (
        p.all("scaler_step")
        or not p.all("step")
        or any(e.name in ("backward",) and e.args and e.recv is None for e in backs)
    ):
        return
    seen: set[int] = set()
    for event in training.forwards(p):
        cast = event.autocast
        if cast is None or id(cast.node) in seen or not training.trained_output(p, event.result):
            continue
        if "scaler" in event.src.text.lower():
            continue
        kind = cast.kwargs.get("dtype") or cast.arg(1)
        device = cast.kwargs.get("device_type") or cast.arg(0)
        name = kind.name if kind is not None else ""
        off = cast.kwargs.get("enabled")
        half = name.endswith(("float16", ".half")) and "bfloat16" not in name
        default = kind is None and (device is None or device.const == "cuda") and off is None
        if not (half or default) or (off is not None and off.const is False):
            continue
        seen.add(id(cast.node))
        yield p.report(
            "SB123",
            cast,
            "float16 autocast without a GradScaler: small gradients underflow to zero",
            why="gradients below 6e-8 become zero in float16, so a part of the network stops learning",
            fix="Use torch.amp.GradScaler (scale, step, update), or dtype=torch.bfloat16",
        )
