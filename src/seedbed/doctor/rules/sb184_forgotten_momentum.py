"""A momentum buffer starts at zero again in every step.

## What it does

Finds momentum written by hand whose buffer is made anew, as zeros, in every update.

## Why is this bad

The buffer remembers nothing: momentum times zero plus the gradient is the plain gradient.

## Example

```python
params = list(model.parameters())
for x, y in loader:
    model.zero_grad()
    F.cross_entropy(model(x), y).backward()
    with torch.no_grad():
        for p in params:
            velocity = torch.zeros_like(p)
            velocity.mul_(0.9).add_(p.grad)
            p.sub_(0.1 * velocity)
```

## Use instead

```python
params = list(model.parameters())
velocities = [torch.zeros_like(p) for p in params]
for x, y in loader:
    model.zero_grad()
    F.cross_entropy(model(x), y).backward()
    with torch.no_grad():
        for p, velocity in zip(params, velocities):
            velocity.mul_(0.9).add_(p.grad)
            p.sub_(0.1 * velocity)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors, uses_gradient

_ZERO = frozenset(("zeros_like", "zeros", "new_zeros"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("inplace", "assign"):
        if not event.loops:
            continue
        if event.kind == "inplace":
            if event.name != "add_" or event.recv is None or not any(uses_gradient(a) for a in event.args):
                continue
            scaled = event.recv
            if not _decayed(scaled):
                continue
            held = q.memory(scaled)
            buffer = held[0] if held and all(_fresh(v, event) for v in held) else None
        else:
            buffer = _rebound(event)
        if buffer is None or _only_at_first(p, buffer, event):
            continue
        yield p.report(
            "SB184",
            buffer,
            "the momentum buffer is made anew (zeros) in every step: it remembers nothing",
            why="decay times zero is zero, so what is left is the plain gradient; the momentum has no effect",
            fix="Keep one buffer for each parameter (self.state[p], or a list made before the loop)",
            related=((str(event.src.path), event.line, "the update of the buffer"),),
        )


def _decayed(val: Val) -> bool:
    """Whether a buffer was multiplied in place on the way."""
    for _ in range(6):
        if val.name == "mul_":
            return True
        if not val.name.endswith("_") or not val.args:
            return False
        val = val.args[0]
    return False


def _fresh(val: Val, event: Event) -> bool:
    """Whether a value is zeros that are made in the same round of the innermost loop, whatever was kept before."""
    if val.kind != "tensor" or val.name not in _ZERO or not val.loops:
        return False
    if val.loops[-1] is event.loops[-1].node:
        return True
    over = event.loops[-1].over  # the members of a list that is made anew for this one walk over it
    around = event.loops[-2].node if len(event.loops) > 1 else None
    return val.loops[-1] is around and over is not None and any(v is val for v in ancestors(over, limit=60))


def _only_at_first(p: Program, buffer: Val, event: Event) -> bool:
    """Whether the zeros are made under a condition of their own, as where there is no buffer yet."""
    held = {(id(c[0]), c[1]) for c in event.conds}
    made = [e for e in p.makers(buffer.name) if e.result is buffer]
    return any((id(c[0]), c[1]) not in held for e in made for c in e.conds_in(event.loop))


def _rebound(event: Event) -> Val | None:
    """The zeros in ``v = mu * v + p.grad``."""
    val = event.result
    if (
        val is None
        or val.name not in ("add", "sub")
        or len(val.args) != 2
        or not any(uses_gradient(a) for a in val.args)
    ):
        return None
    for term in val.args:
        if term.name == "mul" and not uses_gradient(term):
            found = next((v for v in term.args if _fresh(v, event) and v.var == event.name), None)
            if found is not None:
                return found
    return None
