"""A new learning rate is assigned where the optimizer never reads it.

## What it does

Finds a new learning rate that is assigned where the optimizer never reads it.

## Why is this bad

The optimizer keeps its rates in `param_groups`. Another attribute or a local variable changes nothing.

## Example

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    if epoch == 5:
        optimizer.lr = 0.01
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    if epoch == 5:
        for group in optimizer.param_groups:
            group["lr"] = 0.01
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import is_optimizer
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("attribute"):
        if event.name in ("lr", "learning_rate") and event.recv is not None:
            made = any(o.kind == "optimizer" and o.owner is None for o in event.recv.options())
            if made or (event.recv.kind == "unknown" and is_optimizer(event.recv.var)):
                yield _finding(p, event, f"optimizer.{event.name} is assigned, but the optimizer reads param_groups")
    for event in p.once("setitem"):
        if event.recv is not None and event.recv.name == "defaults" and event.args and event.args[0].const == "lr":
            yield _finding(p, event, "optimizer.defaults['lr'] is assigned, but the optimizer reads param_groups")
    for event in p.once("augment"):
        name = (
            event.node.target.id
            if isinstance(event.node, ast.AugAssign) and isinstance(event.node.target, ast.Name)
            else ""
        )
        if name not in ("lr", "learning_rate", "LR") or not event.loops or event.name not in ("Mult", "Div", "Sub"):
            continue
        if any(q.is_rate(e) for e in p.all("setitem")) or p.all("manual"):
            continue
        holders = [
            o
            for e, o, _ in ownership.optimizers(p)
            if o.kwargs.get("lr") is not None and o.kwargs["lr"].var == name and e.seq < event.seq
        ]
        if holders and holders[0].loops == ():
            yield _finding(
                p,
                event,
                f"{name} is changed after the optimizer was built, but the optimizer has its own copy",
            )


def _finding(p: Program, event: Event, title: str) -> Finding:
    return p.report(
        "SB141",
        event,
        title + ": the learning rate does not change",
        why="only the value in optimizer.param_groups is used in step()",
        fix="Write: for group in optimizer.param_groups: group['lr'] = new_lr, or use a scheduler",
    )
