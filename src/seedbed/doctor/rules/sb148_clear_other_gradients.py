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
from seedbed.doctor.static import ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if q.sets_gradients(p):
        return
    for step in p.once("step"):
        if not step.loops or step.recv is None or step.recv.kind != "optimizer":
            continue
        holds = ownership.held(step.recv)
        clears = [c for c in p.all("clear") if c.inside(step.loops[-1])]
        if not holds or not clears or not any(b.inside(step.loops[-1]) for b in p.all("backward")):
            continue
        if not any(ownership.contains(m, h) for m in training.trained_modules(p) for h in holds):
            continue  # parts of something that is not seen whole: it may be what is cleared
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
            yield from _part(p, step, holds)
            continue
        yield p.report(
            "SB148",
            max((c for c in clears if c.seq < step.seq), key=lambda c: c.seq, default=clears[0]),
            "zero_grad() clears the gradients of another model: those that optimizer.step() uses accumulate",
            why="the gradients of the trained parameters are never cleared, so every step uses the sum of "
            "all earlier ones",
            fix=f"Call zero_grad() on {step.recv.var or 'the optimizer'}",
            related=((str(step.src.path), step.line, "the step"),),
        )


def _part(p: Program, step: Event, holds: list[Val]) -> Iterator[Finding]:
    """Only some of the modules that are stepped are ever cleared."""
    clears = p.all("clear")
    if any(c.recv is None or c.recv.kind != "module" for c in clears) or len(ownership.optimizers(p)) != 1:
        return
    weighted = [h for h in holds if h.kind == "module" and h.name.startswith(ownership.WEIGHTED)]
    left = [
        h for h in weighted if not any(ownership.contains(o, h) for c in clears if c.recv for o in c.recv.options())
    ]
    if not left or len(left) == len(weighted) or not training.trained_modules(p):
        return
    tops = [m for m in training.trained_modules(p) if m.kind == "module" and ownership.contains(m, left[0])]
    name = next((m.var for m in tops if m.var), left[0].var or left[0].name)
    yield p.report(
        "SB148",
        clears[0],
        f"zero_grad() clears only a part of what is stepped: the gradients of {name} are never cleared and accumulate",
        why="the optimizer steps all of them, so this part is updated with the sum of all earlier gradients",
        fix=f"Call {step.recv.var if step.recv is not None and step.recv.var else 'optimizer'}.zero_grad(), which "
        "clears everything that it holds",
        related=((str(step.src.path), step.line, "the step"),),
    )
