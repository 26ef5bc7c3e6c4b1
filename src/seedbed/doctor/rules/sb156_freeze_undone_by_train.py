"""model.train() puts a part back into training mode that eval() was meant to keep fixed.

## What it does

Finds a part of a model that is put into eval mode before training, and that a later ``train()`` of the whole model
puts back into training mode before the part is used even once.

## Why is this bad

``train()`` goes through all parts. A frozen BatchNorm moves its running statistics again, and a dropout that was
switched off drops values: the freezing has no effect.

## Example

```python
body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
model = nn.Sequential(body, nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
body.eval()
for epoch in range(3):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
model = nn.Sequential(body, nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    model.train()
    body.eval()
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    modes = p.all("mode")
    if not p.trains:
        return
    seen: set[int] = set()
    for off in modes:
        if off.name != "eval" or off.recv is None or off.recv.kind != "module" or id(off.node) in seen:
            continue
        part = off.recv
        on = next((e for e in modes if e.seq > off.seq and _covers(e, part)), None)
        if on is None or on.name != "train" or on.recv is part or ownership.is_modal(part) is not True:
            continue
        use = next((e for e in p.all("forward") if e.seq > off.seq and _runs(e, part)), None)
        if use is None or use.seq < on.seq or use.mode != "train" or not training.trained_output(p, use.result):
            continue
        if any(e.name == "eval" and on.seq < e.seq < use.seq and _touches(e, part) for e in modes):
            continue
        seen.add(id(off.node))
        yield p.report(
            "SB156",
            q.beside(on, off),
            f"model.train() switches {part.var or part.name} back to training mode: its eval() has no effect",
            why="train() goes through every part of the model, so a frozen BatchNorm updates its running statistics "
            "again and dropout is active again",
            fix="Call eval() on the frozen part after every model.train(), or override train() in the model",
            related=((str(off.src.path), off.line, "eval()"), (str(use.src.path), use.line, "the forward pass")),
        )


def _covers(mode: Event, part: Val) -> bool:
    """Whether a switch of the mode reaches a part."""
    owners = mode.recv.options() if mode.recv is not None else ()
    return any(o is part or ownership.contains(o, part) for o in owners if o.kind == "module")


def _runs(event: Event, part: Val) -> bool:
    """Whether a forward pass uses a part."""
    return event.recv is part or (event.recv is not None and any(s is part for s in methods.submodules(event.recv)))


def _touches(mode: Event, part: Val) -> bool:
    """Whether a switch of the mode reaches a part, or something in it."""
    owners = mode.recv.options() if mode.recv is not None else ()
    return any(ownership.related(o, part) for o in owners if o.kind == "module")
