"""A learning-rate range test changes the weights that are trained afterwards.

## What it does

Finds a range test (a loop that raises the learning rate from step to step to find a good one) whose weights are not put
back before training.

## Why is this bad

The last steps of the test have a rate at which training diverges. Training then starts from damaged weights and from
the optimizer state of the test.

## Example

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
lr, losses = 1e-6, []
for x, y in loader:
    optimizer.param_groups[0]["lr"] = lr
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    lr *= 1.3
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
import copy

model = nn.Linear(4, 2)
trial = copy.deepcopy(model)
optimizer = torch.optim.SGD(trial.parameters(), lr=1e-6)
lr, losses = 1e-6, []
for x, y in loader:
    optimizer.param_groups[0]["lr"] = lr
    loss = F.cross_entropy(trial(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    lr *= 1.3
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
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
from seedbed.doctor.static import ownership, rangetest
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for step in p.all("step"):
        loop = step.loop
        if loop is None or step.recv is None or id(loop.node) in told or not rangetest.raises(p, step):
            continue
        held = {id(m) for o in step.recv.options() if o.kind == "optimizer" for m in ownership.held(o)}
        later = _trained_later(p, step, held)
        if later is None or any(_restores(e, held) and step.seq < e.seq < later.seq for e in p.all("restore", "apply")):
            continue
        told.add(id(loop.node))
        body = getattr(loop.node, "body", [loop.node])
        last: ast.AST = body[-1]
        yield p.report(
            "SB176",
            (last, loop.src),
            "the learning-rate range test (lr finder) changes the weights, and they are not restored before training",
            why="the test ends with a rate at which training diverges; training goes on from those weights and the "
            "optimizer state of the test",
            fix="Test on copy.deepcopy(model), or keep state_dict() of model and optimizer and load both afterwards",
            related=((str(later.src.path), later.line, "the training"),),
        )


def _trained_later(p: Program, step: Event, held: set[int]) -> Event | None:
    """A step of the same weights in another loop, after the test."""
    for other in p.all("step"):
        if other.seq < step.seq or other.recv is None or other.loop is None or step.loop is None:
            continue
        if any(f.node is step.loop.node for f in other.loops):
            continue
        mine = {id(m) for o in other.recv.options() if o.kind == "optimizer" for m in ownership.held(o)}
        if mine & held and not any(f.node is g.node for f in other.loops for g in step.loops):
            return other
    return None


def _restores(event: Event, held: set[int]) -> bool:
    return event.recv is not None and any(id(o) in held for o in event.recv.options())
