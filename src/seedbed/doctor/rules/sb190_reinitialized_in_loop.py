"""The weights are initialized again in every round of training.

## What it does

Finds an initialisation of the weights inside the epoch loop of a model and an optimizer that are made before it.

## Why is this bad

Everything that was learned is thrown away at the start of each epoch.

## Example

```python
def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    model.apply(init_weights)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
model.apply(init_weights)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, rounds, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, LoopRun, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    resets = [e for e in p.calls("reset_parameters") if e.recv is not None]
    for event in (*p.once("init"), *resets):
        if not event.loops or event.depth or event.recv is None:
            continue
        modules = ownership.modules_of(event.recv)
        for loop in event.loops:
            if id(loop.node) in seen or not rounds.repeats(loop) or _waits(event, loop):
                continue
            owners = [
                (made, o)
                for made, o, _ in ownership.optimizers(p)
                if any(h is m for h in ownership.held(o) for m in modules)
            ]
            steps = [s for s in p.all("step") if s.inside(loop) and any(q.same(s.recv, o) for _, o in owners)]
            if not steps or any(made.inside(loop) for made, _ in owners) or any(m.loops for m in modules):
                continue
            if any(e.inside(loop) and e.recv is not None and e.recv.kind == "optimizer" for e in p.all("restore")):
                continue
            seen.add(id(loop.node))
            yield p.report(
                "SB190",
                q.site(event, loop),
                "the weights are initialized again in every epoch: what was learned before is thrown away",
                why="the initialisation stands inside the training loop, so each round starts at random weights",
                fix="Initialize once, before the loop",
                related=((str(event.src.path), loop.line, "the loop"),),
            )
            break


def _waits(event: Event, loop: LoopRun) -> bool:
    """Whether it only happens in some rounds: under a condition that is no question about the layer."""
    return any(
        isinstance(c[0], ast.If) and "isinstance" not in syntax.text(c[0].test) and "dim" not in syntax.text(c[0].test)
        for c in event.conds_in(loop)
    )
