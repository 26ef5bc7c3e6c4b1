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
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import is_optimizer
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


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
    yield from _variables(p)
    yield from _first_group(p)


def _finding(p: Program, event: Event, title: str) -> Finding:
    return p.report(
        "SB141",
        event,
        title + ": the learning rate does not change",
        why="only the value in optimizer.param_groups is used in step()",
        fix="Write: for group in optimizer.param_groups: group['lr'] = new_lr, or use a scheduler",
    )


def _first_group(p: Program) -> Iterator[Finding]:
    """The first group gets its rate by a plan, and the optimizer has more groups, which nobody sets.

    Another group than the first, or one that was given a name, is chosen on purpose.
    """
    writes = [e for e in p.all("setitem") if q.is_rate(e)]
    for made, optimizer, _ in ownership.optimizers(p) if writes else ():
        held = _groups_of(optimizer)
        reached = [(e, _reached(p, e, optimizer, len(held))) for e in writes] if len(held) > 1 else []
        mine = [(e, found) for e, found in reached if found is not None]
        covered = {i for _, found in mine for i in found}
        left = [held[i] for i in range(len(held)) if i not in covered]
        if covered != {0} or _scheduled(p, optimizer):
            continue
        event = next((e for e, found in mine if _planned(e, held, found)), None)
        if event is None or all(_own_rate(g) == 0 for g in left):
            continue
        yield p.report(
            "SB141",
            event,
            f"only param_groups[0], the first group, gets the new learning rate, but the optimizer has {len(held)} "
            "parameter groups",
            why="the other groups keep the rate that they started with, to the end of the run",
            fix="Set it in every group: for group in optimizer.param_groups: group['lr'] = ...",
            related=((str(made.src.path), made.line, "the optimizer"),),
        )
        return


def _groups_of(optimizer: Val) -> list[Val]:
    """The groups with which an optimizer is made and those that are added, nothing where they are not all known."""
    first = optimizer.args[0] if optimizer.args else optimizer.kwargs.get("params")
    added = [a for a in optimizer.args[1:] if a.kind == "dict"]
    if first is None:
        return []
    if first.kind == "params":
        return [first, *added]
    items = first.items or []
    if first.kind != "list" or first.tags & {"each", "grown", "repeat"} or any(i.kind != "dict" for i in items):
        return []
    return [*items, *added]


def _own_rate(group: Val) -> object:
    rate = group.attrs.get("lr")
    return rate.const if rate is not None and rate.kind == "const" else None


def _scheduled(p: Program, optimizer: Val) -> bool:
    """Whether a scheduler moves the rates too."""
    plans = [e.result for e in p.makers("scheduler") if e.result is not None and e.result.kind == "scheduler"]
    return any(q.same(plan.arg(0, "optimizer"), optimizer) for plan in plans)


def _planned(event: Event, held: list[Val], reached: set[int]) -> bool:
    """Whether the rate follows a plan for the whole run, rather than one number for this group alone."""
    if any(_own_rate(held[i]) == 0 for i in reached):
        return False  # a part that was held still and is let go
    fixed = all(v.kind == "const" for v in event.args[-1].options())
    return not fixed or not any("lr" in g.attrs for g in held)


def _reached(p: Program, event: Event, optimizer: Val, count: int) -> set[int] | None:
    """The groups that an item assignment can reach; all where that is not clear, ``None`` for other optimizers."""
    every, found = set(range(count)), set[int]()
    mine = False
    for one in event.recv.options() if event.recv is not None else ():
        near = list(ancestors(one, limit=12))
        owners = [v.args[0] for v in near if v.kind == "groups" and v.args]
        if owners and not any(q.same(o, optimizer) for o in owners):
            continue
        mine = True
        base = one.args[0] if one.args else one
        key = one.args[1] if len(one.args) > 1 else None
        if not owners:
            return every
        if one.name == "getitem" and base.kind == "groups" and key is not None and isinstance(key.const, int):
            found.add(key.const % count)
        elif one.name == "next":
            found.add(0)
        elif one.name == "element" and base.name == "getitem" and len(base.args) > 1 and base.args[1].kind == "slice":
            bounds: list[Any] = [a.const if a.kind == "const" else "" for a in base.args[1].args]
            if "" in bounds or not bounds:
                return every
            found |= set(list(range(count))[slice(*bounds)])
        elif one.kind == "group":
            found |= _visited(p, event, every)
        else:
            return every
    return found if mine else None


def _visited(p: Program, event: Event, every: set[int]) -> set[int]:
    """The groups that a loop over them sets: the first alone where the loop is left in its first round."""
    loop = event.loop
    if loop is None or loop.over is None or not any(v.kind == "groups" for v in ancestors(loop.over, limit=6)):
        return every
    conds = event.conds_in(loop)
    if not conds:
        ends = [e for e in p.all("break", "return") if e.loop is not None and e.loop.node is loop.node]
        return {0} if any(e.seq > event.seq and not e.conds_in(loop) for e in ends) else every
    return every


_SHOWS = (
    "print",
    "append",
    "format",
    "write",
    "info",
    "debug",
    "log",
    "add_scalar",
    "round",
    "set_postfix",
    "set_description",
)


def _variables(p: Program) -> Iterator[Finding]:
    """A rate that is decayed as a plain number, while the optimizer keeps its own."""
    if not p.complete:
        return
    for event, optimizer, _ in ownership.optimizers(p):
        call = event.node
        if not isinstance(call, ast.Call) or event.src is not p.source:
            continue
        given = next((k.value for k in call.keywords if k.arg == "lr"), call.args[1] if len(call.args) > 1 else None)
        if not isinstance(given, (ast.Name, ast.Attribute)):
            continue
        name = syntax.text(given)
        for change in _changes(p, name):
            if (
                change in syntax.walk(call)
                or _used(p, name, change, call)
                or (event.loops and _around(p, change, call))
                or _before(p, change, event)
            ):
                continue
            yield p.report(
                "SB141",
                (change, p.source),
                f"the learning rate is changed in {name}, but never set in the optimizer: it has no effect",
                why=f"{optimizer.name} copied the number at line {event.line} and keeps it to the end",
                fix=f'Set it: for group in optimizer.param_groups: group["lr"] = {name} (or use a scheduler)',
                related=((str(event.src.path), event.line, "the optimizer"),),
            )
            break


def _changes(p: Program, name: str) -> list[Any]:
    """Statements in loops that make a new value of the rate from the old one."""
    found: list[Any] = []
    for loop in q.nodes(p, ast.For, ast.While):
        for n in syntax.walk(loop):
            if isinstance(n, ast.AugAssign) and syntax.text(n.target) == name:
                found.append(n)
            elif isinstance(n, ast.Assign) and isinstance(n.value, ast.BinOp):
                found += [n for t in n.targets if syntax.text(t) == name]
    if "." in name and not found:  # in a method that is called in the loop
        methods = [f for f in q.nodes(p, ast.FunctionDef) if f.name != "__init__"]
        found = [
            n for f in methods for n in syntax.walk(f) if isinstance(n, ast.AugAssign) and syntax.text(n.target) == name
        ]
    return found


def _used(p: Program, name: str, change: Any, call: ast.Call) -> bool:
    """Whether the rate is read for anything but showing it and changing it."""
    skip = {id(n) for n in [*syntax.walk(change), *syntax.walk(call)]}
    for n in q.nodes(p, ast.Call):
        if syntax.text(n.func).rsplit(".", 1)[-1] in _SHOWS:
            skip |= {id(x) for x in syntax.walk(n)}
    for n in q.nodes(p, ast.AugAssign, ast.Assign):
        targets = n.targets if isinstance(n, ast.Assign) else [n.target]
        if any(syntax.text(t) == name for t in targets):
            skip |= {id(x) for x in syntax.walk(n)}
    for n in q.nodes(p, ast.Name, ast.Attribute):
        if id(n) not in skip and isinstance(n.ctx, ast.Load) and syntax.text(n) == name:
            return True
    return False


def _before(p: Program, change: Any, made: Event) -> bool:
    """Whether the rate is only ever changed before the optimizer reads it."""
    inside = {id(n) for n in syntax.walk(change)}
    moments = [e.seq for e in p.all("augment", "assign", "attribute") if id(e.node) in inside]
    return bool(moments) and max(moments) < made.seq


def _around(p: Program, change: Any, call: ast.Call) -> bool:
    """Whether the optimizer is made again in the loop that changes the rate."""
    return any(change in syntax.walk(loop) and call in syntax.walk(loop) for loop in q.nodes(p, ast.For, ast.While))
