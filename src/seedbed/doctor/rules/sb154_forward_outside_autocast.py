"""Autocast does not cover the forward pass, or covers backward().

## What it does

Finds mixed precision in which only the loss is computed under ``autocast``, the model's forward pass outside of it, or
an ``autocast`` for another device than the one on which the model runs. Also finds ``backward()`` inside the block.

## Why is this bad

The model runs in float32 as before: no time and no memory is saved, while the gradient scaler suggests otherwise.

## Example

```python
scaler = torch.amp.GradScaler("cuda")
for x, y in loader:
    optimizer.zero_grad()
    output = model(x)
    with torch.autocast("cuda", dtype=torch.float16):
        loss = F.cross_entropy(output, y)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
```

## Use instead

```python
scaler = torch.amp.GradScaler("cuda")
for x, y in loader:
    optimizer.zero_grad()
    with torch.autocast("cuda", dtype=torch.float16):
        output = model(x)
        loss = F.cross_entropy(output, y)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    learned = [e for e in training.forwards(p) if e.grad and e.loops and training.trained_output(p, e.result)]
    if not learned:
        return
    yield from _other_device(p, learned)
    yield from _backward_inside(p)
    if any(e.autocast is not None and e.grad for e in p.all("forward")):
        return  # what is only evaluated under autocast says nothing about training
    for loss in p.all("loss"):
        if loss.autocast is None or not loss.loops or not p.trained(loss.result):
            continue
        flag = loss.autocast.kwargs.get("enabled")
        if flag is not None and flag.const is False:
            continue
        inside = [e for e in learned if e.loop is not None and e.loop.node in [f.node for f in loss.loops]]
        if not inside:
            continue
        yield p.report(
            "SB154",
            inside[0],
            "the forward pass of the model is outside autocast: only the loss runs under mixed precision",
            why="autocast acts on the operations inside its block; the model itself still runs in float32",
            fix="Move the call of the model into the autocast block (and keep backward() out of it)",
            related=((str(loss.src.path), loss.line, "the loss under autocast"),),
        )
        return


def _backward_inside(p: Program) -> Iterator[Finding]:
    """``backward()`` in the autocast block."""
    for event in p.once("backward"):
        flag = event.autocast.kwargs.get("enabled") if event.autocast is not None else None
        if event.autocast is None or not event.loops or (flag is not None and flag.const is False):
            continue
        yield p.report(
            "SB154",
            event,
            "backward() runs inside autocast: its operations are cast again, which PyTorch advises against",
            why="the backward pass uses the types that the forward pass chose; under autocast they can change",
            fix="End the autocast block after the loss, then call backward()",
            related=((str(event.autocast.src.path) if event.autocast.src else "", event.autocast.line, "autocast"),),
        )
        return


def _other_device(p: Program, learned: list[Event]) -> Iterator[Finding]:
    """``autocast("cpu")`` around a model that was moved to ``"cuda"``, or the other way round."""
    seen: set[int] = set()
    for event in learned:
        cast = event.autocast
        if cast is None or id(cast.node) in seen:
            continue
        seen.add(id(cast.node))
        given = cast.arg(0, "device_type")
        wanted = given.const if given is not None and given.kind == "const" else None
        moved = {d for e in p.all("move") if e.recv is not None and e.recv is event.recv for d in _device(e)}
        if isinstance(wanted, str) and moved and wanted.split(":")[0] not in moved:
            yield p.report(
                "SB154",
                cast,
                f"autocast is for {wanted!r}, but the model runs on {sorted(moved)[0]!r}: it has no effect there",
                why="autocast changes the operations of one device type only, so the forward pass stays in float32",
                fix=f"Use torch.autocast({sorted(moved)[0]!r})",
            )


def _device(event: Event) -> set[str]:
    if event.name in ("cuda", "cpu"):
        return {event.name}
    given = event.args[0].const if event.args and event.args[0].kind == "const" else None
    return {given.split(":")[0]} if isinstance(given, str) and given else set()
