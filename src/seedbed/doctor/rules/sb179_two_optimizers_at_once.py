"""Two optimizers step the same parameters.

## What it does

Finds two optimizers that hold the same module and are both stepped in every round.

## Why is this bad

Each batch moves the weights twice, with two rates and two kinds of momentum.

## Example

```python
model = nn.Linear(4, 2)
sgd = torch.optim.SGD(model.parameters(), lr=0.1)
adam = torch.optim.Adam(model.parameters(), lr=1e-3)
for x, y in loader:
    sgd.zero_grad()
    F.cross_entropy(model(x), y).backward()
    sgd.step()
    adam.step()
```

## Use instead

```python
model = nn.Linear(4, 2)
adam = torch.optim.Adam(model.parameters(), lr=1e-3)
for x, y in loader:
    adam.zero_grad()
    F.cross_entropy(model(x), y).backward()
    adam.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    steps = [s for s in p.all("step") if s.loops and s.first]
    table = ownership.optimizers(p)
    for at, (first_made, first, first_holds) in enumerate(table):
        for made, other, holds in table[at + 1 :]:
            shared = [m for m in holds if any(ownership.related(m, h) for h in first_holds)]
            if not shared or len(holds) != 1 or len(first_holds) != 1 or _parts(first.args) or _parts(other.args):
                continue
            pair = _together(p, steps, first, other)
            if pair is None:
                continue
            yield p.report(
                "SB179",
                pair[1],
                f"two optimizers ({first.name}, line {first_made.line}, and {other.name}, line {made.line}) hold "
                f"the same parameters of {shared[0].var or shared[0].name} and both step in every round",
                why="every batch moves the weights twice, with two learning rates",
                fix="Step one of them, or split the parameters between them",
                related=((str(made.src.path), made.line, "the second optimizer"),),
            )
            return


def _parts(args: tuple[object, ...]) -> bool:
    """Whether only some of the parameters are taken (a choice by name or shape)."""
    return not args or getattr(args[0], "kind", "") != "params"


def _in_turn(step: Event, first: object, other: object) -> bool:
    """Whether a loop runs over both (``for o in (a, b): o.step()``); else one call is a choice between them."""
    over = step.loops[-1].over
    items = over.items or [] if over is not None and over.kind in ("tuple", "list") else []
    return any(i is first for i in items) and any(i is other for i in items)


def _together(p: Program, steps: list[Event], first: object, other: object) -> tuple[Event, Event] | None:
    for a in steps:
        for b in steps:
            both = a.recv is first and b.recv is other and a.seq < b.seq
            both = both and (a.node is not b.node or _in_turn(a, first, other))
            if not both or a.loops != b.loops or a.conds != b.conds:
                continue
            if not any(a.seq < e.seq < b.seq for e in p.all("backward", "clear")):
                return a, b
    return None
