"""Gradients of a part are emptied before backward() has made them.

## What it does

Finds ``p.grad = None`` (or ``zero_``) for a part of the model between ``zero_grad()`` and ``backward()``.

## Why is this bad

There is nothing to empty yet: ``backward()`` fills the gradients afterwards, and the part that should stay as it is
is trained.

## Example

```python
model = nn.Sequential(nn.Linear(20, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    for w in model[0].parameters():
        w.grad = None
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(20, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    for w in model[0].parameters():
        w.grad = None
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    order = p.all("backward", "clear", "step")
    seen: set[int] = set()
    for at, clear in enumerate(order):
        if clear.name not in ("grad", "zero_") or not clear.loops or id(clear.node) in seen:
            continue
        before = next((e for e in reversed(order[:at]) if e.node is not clear.node), None)
        after = next((e for e in order[at + 1 :] if e.node is not clear.node), None)
        if before is None or after is None or before.name != "zero_grad" or after.kind != "backward":
            continue
        if before.recv is None or before.recv.kind != "optimizer" or before.loops != after.loops or before.conds:
            continue
        whole = {id(m) for m in ownership.held(before.recv)}
        owners = [m for m in ownership.modules_of(clear.recv) if m.kind == "module"]
        over = clear.loop.over if clear.loop is not None else None
        owners += [m for m in ownership.modules_of(over) if m.kind == "module"]
        source = before.recv.args[0] if before.recv.args else None
        if (
            not owners
            or not all(id(m) in whole for m in owners)
            or any(m in ownership.modules_of(source) for m in owners)
        ):
            continue
        seen.add(id(clear.node))
        yield p.report(
            "SB370",
            clear,
            "the gradients of a part are emptied before backward(): it has no effect, the part is not frozen",
            why="zero_grad() has emptied them already, and backward() fills them afterwards, so optimizer.step() "
            "trains the part all the same",
            fix="Empty them after backward(), or set requires_grad_(False) on the part",
            related=((str(after.src.path), after.line, "backward()"),),
        )
