"""All members of an ensemble are saved under one name.

## What it does

Finds models that are built and trained one after another in a loop and saved to the same file, which is then loaded
once for each member.

## Why is this bad

Each save overwrites the one before. The ensemble is several copies of the last model, and nothing fails.

## Example

```python
x, y = torch.randn(200, 8), torch.randint(0, 2, (200,))
for seed in range(3):
    torch.manual_seed(seed)
    net = nn.Linear(8, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(50):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    torch.save(net.state_dict(), "member.pt")
members = []
for seed in range(3):
    net = nn.Linear(8, 2)
    net.load_state_dict(torch.load("member.pt"))
    members.append(net)
```

## Use instead

```python
x, y = torch.randn(200, 8), torch.randint(0, 2, (200,))
for seed in range(3):
    torch.manual_seed(seed)
    net = nn.Linear(8, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(50):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    torch.save(net.state_dict(), f"member{seed}.pt")
members = []
for seed in range(3):
    net = nn.Linear(8, 2)
    net.load_state_dict(torch.load(f"member{seed}.pt"))
    members.append(net)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    saves = [e for e in p.once("save") if e.loops and len(e.args) > 1 and isinstance(e.args[1].const, str)]
    for save in saves if p.all("restore") else ():
        anew = [
            m
            for m in ownership.modules_of(save.args[0])
            if any(n is r.node for n in m.loops for r in save.loops) and training.learns(p, m)
        ]
        loaded = _loaded_in_turn(p, save) if anew else None
        if loaded is None:
            continue
        yield p.report(
            "SB636",
            save,
            f"every member is saved to the same file {save.args[1].const!r}: each overwrites the one before, so the "
            "ensemble holds the last model several times",
            why="the path does not depend on the loop, and all members load the same weights from it",
            fix="Put the number of the member (seed, fold) into the path of save and load",
            related=((str(loaded.src.path), loaded.line, "loaded for each member"),),
        )
        return


def _loaded_in_turn(p: Program, save: Event) -> Event | None:
    """A load of the same file in a later loop that fills new models and keeps them in a list."""
    inside = {id(r.node) for r in save.loops}
    for event in p.once("restore"):
        fresh = event.recv
        if event.seq < save.seq or fresh is None or not event.loops or not event.args:
            continue
        loop = event.loops[-1]
        if id(loop.node) in inside or not any(n is loop.node for n in fresh.loops):
            continue
        loads = [e for e in p.all("load") if any(v is e.result for a in event.args for v in ancestors(a, limit=20))]
        same = any(e.args and e.args[0].const == save.args[1].const for e in loads)
        kept = [e for e in p.all("keep") if e.inside(loop) and any(v is fresh for v in q.flat(e.args))]
        if same and kept:
            return event
    return None
