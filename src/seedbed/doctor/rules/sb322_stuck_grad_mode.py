"""Gradients are switched off and never on again.

## What it does

Finds gradients that are switched off with `torch.set_grad_enabled(False)` and never on again, and layers that are
frozen for the first epochs only and never set free.

## Why is this bad

From then on no graph is recorded: training goes on without learning, or fails in the next epoch.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        if loss.requires_grad:
            loss.backward()
            optimizer.step()
    torch.set_grad_enabled(False)
    for x, y in val_loader:
        pred = model(x)
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        if loss.requires_grad:
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        for x, y in val_loader:
            pred = model(x)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Event, LoopRun, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    offs = [
        e
        for e in p.calls("set_grad_enabled")
        if getattr(e.node, "_statement", False) and e.args and e.args[0].const is False
    ]
    ons = [e for e in p.calls("set_grad_enabled") if e.args and e.args[0].const is not False]
    for event in offs[:1]:
        later = [b for b in p.all("backward") if b.seq > event.seq]
        if later and not any(e.seq > event.seq for e in ons):
            yield p.report(
                "SB322",
                event,
                "set_grad_enabled(False) is never undone: gradients stay off for the training that follows",
                why="from here on no graph is recorded and the weights no longer learn",
                fix="Use `with torch.no_grad():` around the evaluation instead",
                related=((str(later[0].src.path), later[0].line, "backward() afterwards"),),
            )
    yield from _still_frozen(p)


def _still_frozen(p: Program) -> Iterator[Finding]:
    """``if epoch < 2: freeze(body)`` with nothing that sets it free from the epoch 2 on."""
    switches = [
        e
        for e in p.all("attribute", "requires_grad", "requires_grad_")
        if e.kind != "attribute" or e.name == "requires_grad"
    ]
    off = all(e.args and e.args[-1].kind == "const" and e.args[-1].const is False for e in switches)
    if not p.complete or not off or any(getattr(n.func, "id", "") == "setattr" for n in p.nodes(ast.Call)):
        return
    for event in switches:
        first = _first_rounds(event)
        trains = first is not None and any(b.inside(first[0]) for b in p.all("backward"))
        if first is None or not trains:
            continue
        yield p.report(
            "SB322",
            (event.conds[0][0], p.source),
            f"requires_grad is set to False for the first {first[1]} rounds only, but nothing sets it to True again",
            why="the layers stay frozen to the end of training: only the others learn",
            fix="Set it from the round itself: p.requires_grad = epoch >= n, for every round",
            related=((str(event.src.path), event.line, "switched off here"),),
        )
        return


def _first_rounds(event: Event) -> tuple[LoopRun, int] | None:
    """The loop of whose first rounds alone a condition lets an event happen, and how many those are."""
    if len(event.conds) != 1:
        return None
    node, arm, test = event.conds[0]
    if not isinstance(node, ast.If) or arm != 0 or node.orelse or test.name != "compare" or len(test.args) != 2:
        return None
    (count, most), closed = test.args, test.tags & {"LtE", "GtE"}
    if test.tags & {"Gt", "GtE"}:
        count, most = most, count
    elif not test.tags & {"Lt", "LtE"}:
        return None
    over = count.args[0] if count.name == "int" and count.args else None
    loop = next((r for r in event.loops if r.over is over), None) if over is not None else None
    if loop is None or over is None or over.name != "range" or len(over.args) != 1 or not isinstance(most.const, int):
        return None
    rounds, last = most.const + bool(closed), over.args[0].const
    inside = loop.line <= node.lineno <= (getattr(loop.node, "end_lineno", 0) or 0)
    return (loop, rounds) if inside and isinstance(last, int) and 0 < rounds < last and test.src is loop.src else None
