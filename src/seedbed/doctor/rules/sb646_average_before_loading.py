"""A moving average is copied from the model before the checkpoint is loaded into it.

## What it does

Finds an average of the weights (EMA) whose copy is made before `load_state_dict()` fills the model, and which gets
nothing from the checkpoint.

## Why is this bad

The average starts at random weights although the model does not: with a decay of 0.999 it takes thousands of steps to
forget them.

## Example

```python
import copy
model = nn.Linear(4, 3)
ema = copy.deepcopy(model)
model.load_state_dict(torch.load("weights.pt"))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        for slow, fast in zip(ema.parameters(), model.parameters()):
            slow.lerp_(fast, 0.001)
print(ema(x).argmax(1))
```

## Use instead

```python
import copy
model = nn.Linear(4, 3)
model.load_state_dict(torch.load("weights.pt"))
ema = copy.deepcopy(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        for slow, fast in zip(ema.parameters(), model.parameters()):
            slow.lerp_(fast, 0.001)
print(ema(x).argmax(1))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or not p.trains or not p.all("restore"):
        return
    for copy, model, moves in _averages(p):
        loads = [e for e in p.all("restore") if e.recv is not None and any(o is model for o in e.recv.options())]
        births = [e for e in p.all("call") if e.result is copy]
        born = births[0] if births else None
        if len(loads) != 1 or born is None or loads[0].loops or loads[0].conds or born.loops:
            continue
        load = loads[0]
        filled = [e for e in p.all("restore") if e.recv is not None and any(o is copy for o in e.recv.options())]
        before = [e for e in (*moves, *p.all("step", "backward")) if born.seq < e.seq < load.seq]
        later = [e for e in moves if e.seq > load.seq]
        if filled or before or not later or born.seq > load.seq or _copied_over(p, copy, load):
            continue
        yield p.report(
            "SB646",
            q.site(born),
            "the moving average (EMA) is copied from the model before the checkpoint is loaded: it starts at random "
            "initial weights",
            why=f"load_state_dict() at line {load.line} fills the model only, so the average holds mostly random "
            "weights for a long time",
            fix="Make the copy after load_state_dict(), or load the averaged weights too",
            related=((str(load.src.path), load.line, "loaded only here"),),
        )


def _averages(p: Program) -> Iterator[tuple[Val, Val, list[Event]]]:
    """Copies of a model that are moved a little towards it: the copy, the model, the moves."""
    table: dict[int, tuple[Val, Val, list[Event]]] = {}
    for event in p.all("inplace"):
        if event.recv is None or event.name not in ("lerp_", "mul_", "add_") or not event.args:
            continue
        for owner in ownership.modules_of(event.recv):
            model = owner.copied
            if model is None or model.kind != "module" or "deepcopy" not in owner.tags:
                continue
            table.setdefault(id(owner), (owner, model, []))[2].append(event)
    for copy, model, moves in table.values():
        if any(_towards(e, model) for e in moves):
            yield copy, model, moves


def _towards(event: Event, model: Val) -> bool:
    """Whether a move takes up the weights of the model: ``lerp_(w, 0.01)``, ``mul_(d).add_(w, alpha=1 - d)``."""
    taken = event.name in ("lerp_", "add_") and event.args[0]
    return bool(taken) and any(o is model for v in ancestors(event.args[0], limit=60) for o in ownership.modules_of(v))


def _copied_over(p: Program, copy: Val, load: Event) -> bool:
    """Whether all weights are written into the copy after the loading, before anything is averaged."""
    return any(
        e.seq > load.seq
        and e.name in ("copy_", "set_")
        and e.recv is not None
        and any(o is copy for o in ownership.modules_of(e.recv))
        for e in p.all("inplace")
    )
