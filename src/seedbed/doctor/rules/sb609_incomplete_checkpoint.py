"""The checkpoint misses optimizer, scheduler or epoch.

## What it does

Finds checkpoints to resume from that miss the state of the optimizer, and those that hold it without the weights.

## Why is this bad

Adam's moments and the schedule start anew: the loss jumps after each resume.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.Adam(model.parameters())
state = torch.load("checkpoint.pt")
model.load_state_dict(state["model"])
start = state["epoch"]
for epoch in range(start, 10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    torch.save({"model": model.state_dict(), "epoch": epoch}, "checkpoint.pt")
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.Adam(model.parameters())
state = torch.load("checkpoint.pt")
model.load_state_dict(state["model"])
optimizer.load_state_dict(state["optimizer"])
start = state["epoch"]
for epoch in range(start, 10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, "checkpoint.pt")
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import beginnings, ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    stateful = [o for _, o, _ in ownership.optimizers(p) if o.name != "SGD" or o.kwargs.get("momentum") is not None]
    loads = [e for e in p.all("restore") if e.recv is not None and not beginnings.warm(p, e)]
    restored = [e for e in loads if e.recv is not None and e.recv.kind == "optimizer"]
    last = max((b.seq for b in p.all("backward")), default=-1)
    resumes = [e for e in loads if e.recv is not None and e.recv.kind == "module" and e.seq < last]
    resumes = [e for e in resumes if e.recv is not None and ownership.stepped_after(p, e.recv, e.seq)]
    for event in p.once("save"):
        box = event.args[0] if event.args else None
        if box is None or box.kind != "dict" or not stateful:
            continue
        keys = {k.lower() for k in box.attrs}
        states = [v for v in box.attrs.values() if v.kind == "state"]
        if not any(v.args and v.args[0].kind == "module" for v in states) or any(
            v.args and v.args[0].kind == "optimizer" for v in states
        ):
            continue
        counted = any("epoch" in k or "step" in k or "iter" in k for k in keys)
        if (
            counted
            and not any("opt" in k for k in keys)
            and event.loops
            and not any("best" in str(a.const) for a in event.args[1:])
        ):
            yield p.report(
                "SB609",
                event,
                "the checkpoint misses the optimizer's state: training cannot resume exactly",
                why="the optimizer state is not restored: momentum and Adam's moments start at zero after a resume",
                fix="Save optimizer.state_dict() (and the scheduler's) and load it again",
                severity=None if resumes and not restored else Severity.HINT,
            )
    yield from _without_weights(p)
    if _never_reached(p):
        return
    if resumes and stateful and not restored:
        yield from _optimizer(p)
    yield from _schedule(p)
    for event in resumes:
        source = [
            v
            for a in event.args
            for v in ancestors(a, limit=30)
            if v.kind == "loaded" or (v.kind == "dict" and "optimizer" in v.attrs)
        ]
        saved = [
            s
            for s in p.all("save")
            if s.args and s.args[0].kind == "dict" and any("opt" in k.lower() for k in s.args[0].attrs)
        ]
        if ((saved and source) or any(v.kind == "dict" for v in source)) and not restored and stateful and p.complete:
            yield p.report(
                "SB609",
                event,
                "the checkpoint is resumed without the optimizer's state: optimizer.load_state_dict() is missing",
                why="the file holds it, but momentum and Adam's moments start at zero",
                fix="Call optimizer.load_state_dict(checkpoint['optimizer'])",
            )
            break


_OTHER_WAYS = ("save_pretrained", "save_model", "save_weights", "save_checkpoint", "save_state", "save_file", "export")


def _without_weights(p: Program) -> Iterator[Finding]:
    """A checkpoint with the optimizer in it and no model, in a script that saves no weights anywhere."""
    saves = list(p.once("save"))
    if (
        not p.complete
        or not p.all("step")
        or p.calls("save_pretrained", "save_model", "save_weights", "save_checkpoint")
    ):
        return
    held = [list(_parts(e.args[0])) if e.args else [] for e in saves]
    if not held or not all(v.kind in ("const", "number", "optimizer") for parts in held for v in parts):
        return
    for event, parts in zip(saves, held, strict=True):
        if any(v.kind == "optimizer" for v in parts):
            yield p.report(
                "SB609",
                event,
                "the checkpoint holds the optimizer but not the weights of the model: model.state_dict() is missing",
                why="nothing that was trained can be loaded again from it",
                fix='Save {"model": model.state_dict(), "optimizer": optimizer.state_dict(), ...}',
            )


def _parts(val: Val) -> Iterator[Val]:
    """What a saved value holds, down to what its states are of."""
    for one in val.options():
        if one.kind == "dict" and one.attrs:
            for inner in one.attrs.values():
                yield from _parts(inner)
        else:
            yield one.args[0] if one.kind == "state" and one.args else one


def _never_reached(p: Program) -> bool:
    """Whether some ``load_state_dict()`` stands in a branch that was not read: it may be the one that is missing."""
    reached = {id(e.node) for e in p.all("restore")}
    calls = [n for n in q.nodes(p, ast.Call) if isinstance(n.func, ast.Attribute) and n.func.attr == "load_state_dict"]
    return any(id(n) not in reached for n in calls)


def _optimizer(p: Program) -> Iterator[Finding]:
    """A run that saves and restores model and schedule, but not the optimizer that the schedule drives."""
    schedules = [
        e for e in p.all("restore") if e.recv is not None and any(o.kind == "scheduler" for o in e.recv.options())
    ]
    later = [s for s in p.all("step") if schedules and s.seq > schedules[0].seq]
    for event in p.once("save"):
        box = event.args[0] if event.args else None
        if box is None or box.kind != "dict" or not later or any("opt" in k.lower() for k in box.attrs):
            continue
        kinds = {v.args[0].kind for v in box.attrs.values() if v.kind == "state" and v.args}
        if {"module", "scheduler"} <= kinds and "optimizer" not in kinds:
            yield p.report(
                "SB609",
                event,
                "the checkpoint misses the optimizer's state: model and schedule are resumed, optimizer.state_dict() "
                "is not in it",
                why="the optimizer state is not restored: momentum and Adam's moments start at zero after a resume",
                fix="Save optimizer.state_dict() too and load it again",
                related=((str(schedules[0].src.path), schedules[0].line, "it is resumed here"),),
            )


def _schedule(p: Program) -> Iterator[Finding]:
    """A run that saves and restores model and optimizer in the middle, but not its schedule."""
    if not p.complete:
        return
    schedules = [e.recv for e in p.all("schedule") if e.recv is not None and e.recv.kind == "scheduler"]
    restored = [
        e for e in p.all("restore") if e.recv is not None and any(o.kind == "optimizer" for o in e.recv.options())
    ]
    if not schedules or not restored or "last_epoch" in p.source.text:
        return
    whole = [e for e in p.all("restore") if e.recv is not None and any(o.kind == "scheduler" for o in e.recv.options())]
    later = [s for s in p.all("schedule") if s.seq > restored[0].seq]
    if whole or not later or any("sched" in k.lower() for e in p.all("save") for a in e.args for k in a.attrs):
        return
    event = restored[0]
    if any(v.kind == "state" for a in event.args for v in ancestors(a, limit=30)):
        return  # a state that was kept in memory is put back: a trial is undone
    name = schedules[0].name
    yield p.report(
        "SB609",
        event,
        f"the resume restores the optimizer but not the scheduler state: {name} starts again at its first step",
        why="after the resume the learning rate follows the schedule from its beginning, not from where it stopped",
        fix="Save scheduler.state_dict() in the checkpoint and call scheduler.load_state_dict() after loading",
        related=(q.place(schedules[0]),),
    )
