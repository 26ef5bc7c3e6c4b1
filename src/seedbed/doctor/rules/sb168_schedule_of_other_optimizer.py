"""The schedule belongs to an optimizer that does not train.

## What it does

Finds learning-rate schedules whose optimizer was replaced by a new one, or is never stepped at all.

## Why is this bad

A schedule changes the optimizer that it was made with. The new optimizer keeps its first learning rate.

## Example

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(30):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    scheduler.step()
```

## Use instead

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10)
for epoch in range(30):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    scheduler.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    table = {id(o): e for e, o, _ in ownership.optimizers(p)}
    steps = p.all("step")
    if not steps or any(e.name == "optimizer" for e in p.all("attribute") if e.recv and e.recv.kind == "scheduler"):
        return
    scheduled = {
        id(o)
        for e in p.makers("scheduler")
        if e.result is not None and e.result.kind == "scheduler"
        for a in (e.result.arg(0, "optimizer"),)
        if a is not None
        for o in a.options()
    }
    seen: set[int] = set()
    for event in p.makers("scheduler"):
        made = event.result
        if made is None or made.kind != "scheduler" or event.recv is not None or id(made) in seen:
            continue
        seen.add(id(made))
        old = made.arg(0, "optimizer")
        uses = [s for s in p.all("schedule") if q.same(s.recv, made)]
        if old is None or old.kind != "optimizer" or not uses or id(old) not in table:
            continue
        for new, where in _replacements(p, old, event):
            if id(new) in scheduled or uses[-1].seq < where.seq:
                continue
            after = [s for s in steps if s.seq > where.seq and s.recv is not None and q.same(s.recv, new)]
            if not after:
                continue
            born = table.get(id(new), where)
            yield p.report(
                "SB168",
                q.beside(born, event) if born is where else _end(born),
                f"a new optimizer ({new.name}) takes the place of the one that {made.name} was made with: "
                "the scheduler still changes the old optimizer",
                why=f"scheduler.step() (line {uses[-1].line}) changes the learning rate of an optimizer that is no "
                "longer stepped; the new one keeps its first rate",
                fix=f"Make the scheduler ({made.name}) again from the new optimizer",
                related=((str(event.src.path), event.line, "the scheduler"),),
            )
            break
        else:
            if _in_one_loop(uses, steps):
                yield from _idle(p, event, old, steps)


def _in_one_loop(uses: list[Event], steps: list[Event]) -> bool:
    """Whether the schedule goes on where an optimizer is stepped: else it is only looked at, or of another training."""
    return any(s.inside(loop) for u in uses for loop in u.loops for s in steps)


def _end(event: Event) -> tuple[ast.AST, Source]:
    """The last line of a call: after it the new schedule should stand."""
    last = getattr(event.node, "end_lineno", 0) or event.line
    return ast.Pass(lineno=last, col_offset=0), event.src


def _replacements(p: Program, old: Val, made: Event) -> Iterator[tuple[Val, Event]]:
    """Optimizers that are bound, after the schedule was made, to the name that ``old`` had."""
    names = {n for n, v, e in p.assigns if v is old}
    for name, val, event in p.assigns:
        if name in names and event.seq > made.seq and val.kind == "optimizer" and val is not old:
            yield val, event
    places = [(e.name, e.recv) for e in p.all("attribute") if e.args and e.args[-1] is old and e.seq < made.seq]
    for event in p.all("attribute"):
        new = event.args[-1] if event.args else None
        if new is None or new.kind != "optimizer" or new is old or event.seq < made.seq:
            continue
        if any(n == event.name and q.same(r, event.recv) for n, r in places):
            yield new, event


def _idle(p: Program, event: Event, old: Val, steps: list[Event]) -> Iterator[Finding]:
    """A schedule of an optimizer that is never stepped, while another one is."""
    if any(s.recv is None or s.recv.kind == "unknown" or q.same(s.recv, old) for s in steps):
        return
    if any(o.owner is not None for s in steps if s.recv is not None for o in s.recv.options()):
        return  # an optimizer class of the program: it may step the one that it wraps
    if any(o.kind != "optimizer" for s in steps if s.recv is not None for o in s.recv.options()) or not p.complete:
        return
    yield p.report(
        "SB168",
        event,
        f"the scheduler's optimizer ({old.name}, line {old.line}) is never stepped: another optimizer trains, and "
        "its learning rate never changes",
        why="a schedule only changes the optimizer that it was made with",
        fix="Give the scheduler the optimizer that is stepped",
        related=(q.place(old),),
    )
