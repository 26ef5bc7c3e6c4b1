"""A hook is registered again in every epoch.

## What it does

Finds hooks that a training loop registers in each round without removing them.

## Why is this bad

Every registration stays. In epoch ten the hook runs ten times: values are collected, added or scaled ten times.

## Example

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    model[1].register_forward_hook(lambda m, i, o: o * 1.1)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model[1].register_forward_hook(lambda m, i, o: o * 1.1)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax
from seedbed.doctor.static.program import Event, LoopRun, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("call"):
        if not event.name.startswith(".register_") or "hook" not in event.name or id(event.node) in seen:
            continue
        loop = _training(p, event)
        if loop is None or event.recv is None or (event.recv.kind == "tensor" and event.recv.name not in _PARAMETERS):
            continue
        if any(loop.node in o.loops for o in event.recv.options()) or _guarded(event, loop):
            continue
        if any(e.name == ".remove" and e.inside(loop) for e in p.calls("remove")) or _removes(loop):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB531",
            q.site(event, loop),
            f"{event.name[1:]}() runs in every round of the loop at line {loop.line}: the hooks pile up",
            why="a hook stays registered until its handle is removed, so after k rounds it is registered k times and "
            "its effect (collected values, changed outputs or gradients) is multiplied",
            fix="Register the hook once before the loop, or keep the handle and call handle.remove() in each round",
            related=((str(event.src.path), event.line, "the hook"),),
        )


_PARAMETERS = ("parameter", "Parameter", "element")


def _training(p: Program, event: Event) -> LoopRun | None:
    """The loop around a registration that repeats training."""
    for loop in event.loops:
        if rounds.repeats(loop) and any(b.inside(loop) for b in p.all("backward")):
            return loop
    return None


def _guarded(event: Event, loop: LoopRun) -> bool:
    return bool(event.conds_in(loop))


def _removes(loop: LoopRun) -> bool:
    return any(isinstance(n, ast.Attribute) and n.attr in ("remove", "remove_hooks") for n in syntax.walk(loop.node))
