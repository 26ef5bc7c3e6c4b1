"""Zero_grad() clears something else than what the optimizer steps.

## What it does

Finds `zero_grad()` on something else than what the optimizer steps.

## Why is this bad

The gradients that are used are never cleared and accumulate over all steps.

## Example

```python
model = nn.Linear(4, 1)
other = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    other.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for step in p.once("step"):
        if not step.loops or step.recv is None or step.recv.kind != "optimizer":
            continue
        holds = ownership.held(step.recv)
        clears = [c for c in p.all("clear") if c.inside(step.loops[-1])]
        if not holds or not clears or not any(b.inside(step.loops[-1]) for b in p.all("backward")):
            continue
        if any(c.recv is None or c.recv.kind not in ("optimizer", "module") for c in clears):
            continue
        fits = [c for c in p.all("clear") if c.recv is None or c.recv.kind not in ("optimizer", "module")]
        fits += [
            c
            for c in p.all("clear")
            if c.recv is step.recv or (c.recv is not None and any(ownership.contains(c.recv, h) for h in holds))
        ]
        fits += [
            c
            for c in p.all("clear")
            if c.recv is not None and c.recv.kind == "optimizer" and any(h in ownership.held(c.recv) for h in holds)
        ]
        if fits:
            continue
        yield p.report(
            "SB148",
            clears[0],
            "zero_grad() clears the gradients of another model: those that optimizer.step() uses accumulate",
            why="the gradients of the trained parameters are never cleared, so every step uses the sum of "
            "all earlier ones",
            fix=f"Call zero_grad() on {step.recv.var or 'the optimizer'}",
            related=((str(step.src.path), step.line, "the step"),),
        )
