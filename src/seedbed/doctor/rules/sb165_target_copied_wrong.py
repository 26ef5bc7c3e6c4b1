"""The copy into the target network runs the wrong way round, or in all rounds but the right ones.

## What it does

Finds a ``load_state_dict`` that puts the untrained target network into the trained one, and a copy under
``if step % interval:``, which is true in every round except each interval-th.

## Why is this bad

The first throws away what was learned. With the second the target follows in nearly every step, so it gives no stable
goal.

## Example

```python
import copy
net = nn.Linear(20, 2)
target = copy.deepcopy(net)
opt = torch.optim.Adam(net.parameters())
for step in range(1000):
    state, goal = torch.randn(8, 20), torch.randn(8)
    with torch.no_grad():
        value = goal + 0.99 * target(state).amax(1)
    loss = F.mse_loss(net(state)[:, 0], value)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        net.load_state_dict(target.state_dict())
```

## Use instead

```python
import copy
net = nn.Linear(20, 2)
target = copy.deepcopy(net)
opt = torch.optim.Adam(net.parameters())
for step in range(1000):
    state, goal = torch.randn(8, 20), torch.randn(8)
    with torch.no_grad():
        value = goal + 0.99 * target(state).amax(1)
    loss = F.mse_loss(net(state)[:, 0], value)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        target.load_state_dict(net.state_dict())
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.trains:
        return
    yield from _averaged(p)
    copies = [e for e in p.all("restore") if e.loops and e.args and e.args[0].kind == "state" and e.recv is not None]
    stepped = {id(h) for s in p.all("step") if s.recv is not None for o in s.recv.options() for h in _held(o)}
    moved = {id(e.recv) for e in p.all("restore") if e.recv is not None and e.loops}
    seen: set[int] = set()
    for event in copies:
        source = next((o for o in event.args[0].args if o.kind == "module"), None)
        goal = event.recv
        if source is None or goal is None or goal is source or id(event.node) in seen:
            continue
        if not _used(p, source if id(source) not in stepped else goal):
            continue
        if id(goal) in stepped and id(source) not in stepped and not _written(p, source, moved):
            seen.add(id(event.node))
            yield p.report(
                "SB165",
                event,
                f"load_state_dict copies the target network into the trained one: {source.var or 'target'} -> "
                f"{goal.var or 'net'}, the wrong direction",
                why="it throws away what was learned since the last copy, and the target network is never updated",
                fix=f"Turn it round: {source.var or 'target'}.load_state_dict({goal.var or 'net'}.state_dict())",
            )
        elif id(source) in stepped and id(goal) not in stepped and _all_but(event):
            seen.add(id(event.node))
            yield p.report(
                "SB165",
                event,
                f"the target network {goal.var or ''} is copied in every round except each interval-th: the condition "
                "with % is turned over",
                why="step % interval is true unless the remainder is zero, so the target follows at once and gives no "
                "stable goal",
                fix="Write if step % interval == 0:",
            )


def _averaged(p: Program) -> Iterator[Finding]:
    """``online = m * online + (1 - m) * target``: the average is written into the trained network."""
    stepped = {id(h) for s in p.all("step") if s.recv is not None for o in s.recv.options() for h in _held(o)}
    rounds = {id(loop.node) for s in p.all("step") for loop in s.loops}
    seen: set[int] = set()
    for event in p.all("attribute", "inplace"):
        if not any(id(loop.node) in rounds for loop in event.loops):
            continue  # a loop without a step: weights that are merged or taken over once
        wanted = event.name == "data" if event.kind == "attribute" else event.name in ("copy_", "lerp_", "add_")
        if not wanted or event.recv is None or not event.args or id(event.node) in seen:
            continue
        goals = [m for m in ownership.modules_of(event.recv) if m.kind == "module"]
        sources = [m for a in event.args for m in ownership.modules_of(a) if m.kind == "module"]
        others = [s for s in sources if not any(ownership.related(s, g) for g in goals)]
        if not goals or not others or not all(id(g) in stepped for g in goals) or any(id(o) in stepped for o in others):
            continue
        if event.kind == "attribute" and event.args[-1].name != "add":
            continue
        if event.name == "add_" and event.recv.name != "mul_":
            continue
        net = others[0]
        moved = {id(e.recv) for e in p.all("restore") if e.recv is not None and e.loops}
        if not all(_used(p, o) for o in others) or any(_written(p, o, moved) for o in others):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB165",
            event,
            f"the moving average is written into the trained network: the direction is wrong, the target network "
            f"{net.var} is never updated",
            why="every step pulls the trained weights back towards the start, and the target (EMA, momentum encoder, "
            "teacher) stays as it was",
            fix=f"Write it into {net.var or 'the target'}: target = m * target + (1 - m) * online",
        )


def _held(optimizer: Val) -> list[Val]:
    return ownership.held(optimizer) if optimizer.kind == "optimizer" else []


def _used(p: Program, net: Val) -> bool:
    """Whether the untrained network works in the training: it is called, and nothing learns through it."""
    return any(e.recv is net and e.loops for e in p.all("forward"))


def _written(p: Program, net: Val, moved: set[int]) -> bool:
    """Whether something else changes the untrained network: then it may be the one that leads."""
    if id(net) in moved:
        return True
    for event in p.all("inplace", "attribute", "average", "augment", "manual"):
        if event.kind == "attribute" and event.name != "data":
            continue
        if event.recv is not None and event.loops and any(m is net for m in ownership.modules_of(event.recv)):
            return True
    return any(net in (*e.args, *e.kwargs.values()) for e in p.calls("deepcopy", "update_parameters"))


def _all_but(event: Event) -> bool:
    """Whether an event stands under ``if step % n:`` or ``!= 0``, with more than two rounds to choose from."""
    for node, arm, _ in event.conds_in(event.loops[-1]):
        test = node.test if isinstance(node, ast.If) and arm == 0 else None
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.NotEq):
            zero = test.comparators[0]
            test = test.left if isinstance(zero, ast.Constant) and zero.value == 0 else None
        if isinstance(test, ast.BinOp) and isinstance(test.op, ast.Mod):
            return not (isinstance(test.right, ast.Constant) and test.right.value == 2)
    return False
