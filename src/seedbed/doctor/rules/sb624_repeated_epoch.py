"""The resumed run repeats the epoch that the checkpoint had finished.

## What it does

Finds checkpoints that hold the number of the finished epoch, from which the loop starts again without adding one.

## Why is this bad

One epoch is trained twice after each resume, and the schedule is one epoch late.

## Example

```python
import os
start = 0
if os.path.exists("last.pt"):
    checkpoint = torch.load("last.pt")
    model.load_state_dict(checkpoint["model"])
    start = checkpoint["epoch"]
for epoch in range(start, 40):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    torch.save({"model": model.state_dict(), "epoch": epoch}, "last.pt")
```

## Use instead

```python
import os
start = 0
if os.path.exists("last.pt"):
    checkpoint = torch.load("last.pt")
    model.load_state_dict(checkpoint["model"])
    start = checkpoint["epoch"] + 1
for epoch in range(start, 40):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    torch.save({"model": model.state_dict(), "epoch": epoch}, "last.pt")
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for loop in p.once("loop"):
        first = loop.recv.args[0] if loop.recv is not None and loop.recv.name == "range" and loop.recv.args else None
        if first is None or len(loop.recv.args if loop.recv is not None else ()) < 2:
            continue
        read = next((o for o in first.options() if _is_read(o)), None)
        if read is None:
            continue
        key = next(v.const for v in read.inputs() if v.kind == "const" and isinstance(v.const, str))
        for save in p.all("save"):
            if not _finished(p, save, loop, key):
                continue
            yield p.report(
                "SB624",
                read if read.line else loop,
                f"the checkpoint holds the epoch that is finished, but the resumed loop starts at it again: "
                f'checkpoint["{key}"] + 1 is missing',
                why="the weights already contain that epoch, so it is trained twice and the schedule is one epoch late",
                fix=f'Start at the next one: start = checkpoint["{key}"] + 1',
                related=((str(save.src.path), save.line, "it is saved here"),),
            )
            break


def _is_read(val: Val) -> bool:
    """Whether a value is an entry of a loaded checkpoint, as it is."""
    if val.name not in ("getitem", "get", "pop", "int_builtin") or not any(
        v.kind == "loaded" for v in ancestors(val, limit=10)
    ):
        return False
    return any(v.kind == "const" and isinstance(v.const, str) for v in val.inputs())


def _finished(p: Program, save: Event, loop: Event, key: str) -> bool:
    """Whether the loop's own variable is saved under the key, after the training of the round."""
    saved = save.args[0].attrs.get(key) if save.args and save.args[0].kind == "dict" else None
    frame = next((r for r in save.loops if r.node is loop.node), None)
    if saved is None or frame is None or saved.name != "int" or not any(a is frame.over for a in saved.args):
        return False
    steps = [s for s in p.all("step") if frame in s.loops]
    return (
        bool(steps)
        and steps[0].seq < save.seq
        and not any(s.seq > save.seq and s.rounds[:1] == save.rounds[:1] for s in steps)
    )
