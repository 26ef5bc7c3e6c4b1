"""A frozen teacher answers in training mode: its dropout is on.

## What it does

Finds frozen models whose outputs are targets of a training, while they are in training mode and have dropout or batch
normalisation.

## Why is this bad

The targets are random: a part of the teacher's units is dropped in every call, and BatchNorm uses the batch.

## Example

```python
teacher = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 3))
teacher.load_state_dict(torch.load("teacher.pt"))
teacher.requires_grad_(False)
model = nn.Linear(4, 3)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for x, y in loader:
    loss = F.kl_div(F.log_softmax(model(x), 1), F.softmax(teacher(x), 1), reduction="batchmean")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
teacher = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 3))
teacher.load_state_dict(torch.load("teacher.pt"))
teacher.requires_grad_(False).eval()
model = nn.Linear(4, 3)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for x, y in loader:
    loss = F.kl_div(F.log_softmax(model(x), 1), F.softmax(teacher(x), 1), reduction="batchmean")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, switching
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    switches = [
        e
        for e in p.all("requires_grad_")
        if e.recv is not None and e.recv.kind == "module" and e.args and e.args[0].const is False
    ]
    seen: set[int] = set()
    for event in p.all("forward"):  # also of a part of a module that holds teacher and student
        teacher = event.recv
        if (
            teacher is None
            or teacher.kind != "module"
            or event.mode != "train"
            or id(teacher) in seen
            or not event.loops
        ):
            continue
        frozen = next((s for s in switches if s.recv is teacher and s.seq < event.seq), None)
        if frozen is None or teacher.copied is not None or not _known(teacher) or not p.trained(event.result):
            continue
        if not _prepared(p, teacher, frozen) or _stepped(p, teacher, event) or not ownership.is_modal(teacher):
            continue
        if switching.told_of(p, teacher) or (event.depth and _goes_on(p, event)):
            continue
        seen.add(id(teacher))
        kinds = sorted({n for n in ownership.contents(teacher) if n.startswith(ownership.MODAL)})
        yield p.report(
            "SB631",
            frozen,
            f"the frozen teacher {teacher.var or teacher.name} is left in train mode: its {kinds[0]} is active, "
            "eval() is missing",
            why="its answers are noisy targets: requires_grad_(False) does not switch off dropout or batch statistics",
            fix="Add .eval(): teacher.requires_grad_(False).eval()",
            related=((str(event.src.path), event.line, "its answer is used here"),),
        )


def _known(teacher: Val) -> bool:
    names = ownership.contents(teacher)
    return not any("external" in m.tags for m in methods.submodules(teacher)) and any(
        n.startswith(ownership.MODAL) for n in names
    )


def _prepared(p: Program, teacher: Val, frozen: Event) -> bool:
    """Whether it was trained or loaded before it was frozen."""
    loaded = any(q.same(e.recv, teacher) and e.seq < frozen.seq for e in p.all("restore"))
    held = [o for _, o, _ in ownership.optimizers(p) if any(h is teacher for h in ownership.held(o))]
    return loaded or any(s.seq < frozen.seq and q.same(s.recv, o) for o in held for s in p.all("step"))


def _goes_on(p: Program, event: Event) -> bool:
    """Whether its answer is the input of another layer: a frozen body under a head, of which nothing is a target."""
    return any(
        e.seq > event.seq and any(v is event.result for a in e.args for v in ancestors(a, limit=60))
        for e in p.all("forward")
    )


def _stepped(p: Program, teacher: Val, event: Event) -> bool:
    """Whether it is trained again in the loop in which it answers."""
    held = [o for _, o, _ in ownership.optimizers(p) if any(h is teacher for h in ownership.held(o))]
    return any(
        s.inside(event.loops[0]) and s.seq > event.seq and q.same(s.recv, o) for o in held for s in p.all("step")
    )
