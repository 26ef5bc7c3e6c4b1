"""The clipping of gradients changes the weights instead.

## What it does

Finds a ``clamp_`` of the parameters themselves between ``backward()`` and ``step()``, where gradients were meant.

## Why is this bad

The gradients go on unclipped, and every weight beyond the bound is cut off in every step.

## Example

```python
model = nn.Linear(20, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    for w in model.parameters():
        if w.grad is not None:
            w.data.clamp_(-0.5, 0.5)
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(20, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    for w in model.parameters():
        if w.grad is not None:
            w.grad.clamp_(-0.5, 0.5)
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import ancestors

_CUTS = ("clamp_", "clip_", "clamp", "clip", "clamp_min_", "clamp_max_")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    order = p.all("backward", "step", "scaler_step")
    seen: set[int] = set()
    for event in p.all("inplace", "attribute"):
        if event.recv is None or not event.loops or id(event.node) in seen:
            continue
        cuts = event.name in _CUTS if event.kind == "inplace" else _cut_data(event)
        if not cuts or not any(v.kind == "params" or v.name == "parameter" for v in ancestors(event.recv, limit=30)):
            continue
        if any(v.name == "grad" for v in ancestors(event.recv, limit=20)):
            continue
        before = [e for e in order if e.seq < event.seq]
        after = [e for e in order if e.seq > event.seq]
        if not before or not after or before[-1].kind != "backward" or after[0].kind == "backward":
            continue
        if not _about_gradients(event):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB158",
            event,
            "the weights are clamped where the gradients should be clipped: .grad is missing",
            why="the gradients reach optimizer.step() as they are, and the weights are cut off at the bound",
            fix="Clamp the gradient: p.grad.clamp_(-limit, limit), or use clip_grad_value_",
            related=((str(after[0].src.path), after[0].line, "the step"),),
        )


def _cut_data(event: Event) -> bool:
    """``p.data = p.data.clamp(...)``."""
    return event.name == "data" and bool(event.args) and event.args[-1].name in _CUTS


def _about_gradients(event: Event) -> bool:
    """Whether the place speaks of gradients: its condition reads ``.grad``, or the function is named after them."""
    around = [n for n in ast.walk(event.loops[-1].node) if isinstance(n, ast.If)]
    tests = [syntax.text(n.test) for n in around if any(m is event.node for m in ast.walk(n))]
    named = {w for f in event.funcs[-1:] for w in words(f.name)}
    return any(".grad" in t for t in tests) or bool(named & {"grad", "grads", "gradient", "gradients"})
