"""Clipping does not touch the parameters that the optimizer steps, or only some of them.

## What it does

Finds gradient clipping of parameters that the optimizer does not hold, and of one part of a model that is stepped
as a whole.

## Why is this bad

The gradients that are applied are not clipped.

## Example

```python
encoder = nn.Linear(4, 8)
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    holds = [m for _, optimizer, _ in ownership.optimizers(p) for m in ownership.held(optimizer)]
    for event in p.once("clip"):
        target = event.arg(0, "parameters")
        modules = ownership.modules_of(target)
        again = next((b.seq for b in p.all("backward") if b.seq > event.seq), float("inf"))
        steps = [s for s in p.all("step") if event.seq < s.seq < again and s.loops == event.loops]
        own = [h for s in steps if s.recv is not None and s.recv.kind == "optimizer" for h in ownership.held(s.recv)]
        others = [b for b in p.all("backward", "clip") if steps and event.seq < b.seq < steps[0].seq]
        if own and modules and not others and not any(h is m or ownership.contains(m, h) for m in modules for h in own):
            holds = own
        if not holds or not modules:
            continue
        if any(h is m or ownership.contains(m, h) for m in modules for h in holds):
            yield from _part(p, event, modules, own, bool(others))
            continue
        yield p.report(
            "SB138",
            event,
            "gradient clipping is applied to parameters that no optimizer steps",
            why="the gradients that optimizer.step() uses stay unclipped",
            fix="Clip the parameters of the model that is trained",
            severity=None if any(event.seq < s.seq < again for s in p.all("step", "scaler_step")) else Severity.HINT,
        )


def _part(p: Program, event: Event, modules: list[Val], own: list[Val], others: bool) -> Iterator[Finding]:
    """Only one part of the model is clipped, and the step moves all of it."""
    if others or not own or len(ownership.optimizers(p)) != 1 or len({id(c.node) for c in p.all("clip")}) != 1:
        return
    frozen = ownership.frozen(p)
    weighted = [h for h in own if h.name.startswith(ownership.WEIGHTED) and h.kind == "module" and id(h) not in frozen]
    left = [h for h in weighted if not any(h is m or ownership.contains(m, h) for m in modules)]
    if not left or len(left) == len(weighted) or any(m.kind != "module" or not m.var for m in modules):
        return
    clipped, other = modules[0].var, ", ".join(dict.fromkeys(h.var or h.name for h in left[:4]))
    yield p.report(
        "SB138",
        event,
        f"clipping covers only a part of the model ({clipped}): the gradients of {other} are stepped unclipped",
        why="clip_grad_norm_() limits the norm of what it is given; an exploding gradient elsewhere passes",
        fix="Clip all parameters that are stepped: clip_grad_norm_(model.parameters(), max_norm)",
        related=(q.place(left[0]),),
    )
