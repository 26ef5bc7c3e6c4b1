"""The optimizer is created again in the loop: its state is lost.

## What it does

Finds an optimizer that is made again in every round of the training loop.

## Why is this bad

Momentum and Adam's moments start at zero each time, and a schedule or state that was attached is lost.

## Example

```python
model = nn.Linear(4, 1)
for epoch in range(10):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for x, y in loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import ownership, rounds, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event, optimizer, modules in ownership.optimizers(p):
        if not event.loops or not modules or event.conds_in(event.loops[-1]):
            continue
        if event.funcs and any(f.owner is not None and f.name == "__init__" for f in event.funcs):
            continue
        loop = event.loops[-1]
        made_here = any(loop.node in m.loops or (m.loops == () and m.copied is not None) for m in modules)
        if made_here or any(ownership.contains(m, n) for n in modules for m in modules if loop.node in m.loops):
            continue
        if (
            not rounds.repeats(loop)
            or rounds.of_trials(loop)
            or optimizer.name == "LBFGS"
            or not any(s.inside(loop) and q.same(s.recv, optimizer) for s in p.all("step"))
        ):
            continue
        if any(
            e.inside(loop) and any(q.same(e.recv, m) or m is e.recv for m in modules) for e in p.all("restore", "apply")
        ):
            continue
        if not _again(p, event, loop):
            continue  # it is kept after the first round
        if _trains_anew(p, event, optimizer, loop):
            continue
        if _names(getattr(loop.node, "target", None)) & _names(event.node):
            continue  # one optimizer for each model that the loop runs over
        if _picked(p, event, loop, modules):
            continue
        yield p.report(
            "SB119",
            event if _own(p, event, optimizer) else q.site(event, loop),
            f"the optimizer {optimizer.name} is re-created in every round of the loop (every epoch): a new "
            "optimizer every time, its state is lost",
            why="momentum and Adam's running averages restart at zero each time, and no learning-rate schedule can act",
            fix="Create the optimizer once, before the loop",
            related=((str(event.src.path), loop.line, "the loop"),),
            severity=Severity.HINT if _stateless(p, optimizer) else None,
        )


def _picked(p: Program, event: Event, loop: LoopRun, modules: list[Val]) -> bool:
    """Whether the loop hands another model of a list to the function in each round: ``fit(members[k], x, y)``."""
    at = q.site(event, loop)
    call, turn = at[0] if isinstance(at, tuple) else None, _names(getattr(loop.node, "target", None))
    for part in syntax.walk(call) if call is not None else ():
        if not isinstance(part, ast.Subscript) or not isinstance(part.value, ast.Name) or not _names(part.slice) & turn:
            continue
        held = [v for _, box, _ in p.assigned(part.value.id) for v in q.flat(box.items or ())]
        if any(m is v for m in modules for v in held):
            return True
    return False


def _own(p: Program, event: Event, optimizer: Val) -> bool:
    """Whether the function that makes it also steps it (or is a property): no call outside could keep it."""
    if not event.funcs:
        return False
    steps = [s for s in p.all("step") if q.same(s.recv, optimizer) and s.funcs]
    return "property" in event.funcs[-1].decorators or any(s.funcs[-1].node is event.funcs[-1].node for s in steps)


def _again(p: Program, event: Event, loop: LoopRun) -> bool:
    """Whether the loop, where its second round was read, makes another one there."""
    at = event.loops.index(loop)
    later = [e for e in p.events if len(e.loops) > at and e.loops[at] is loop and e.rounds[at] > 0]
    return not later or any(e.node is event.node and e.result is not event.result for e in later)


def _stateless(p: Program, optimizer: Val) -> bool:
    """Whether it is SGD without momentum and without a schedule: then nothing is lost but clarity."""
    momentum = optimizer.kwargs.get("momentum") or optimizer.arg(2)
    plain = momentum is None or momentum.const == 0
    return optimizer.name == "SGD" and plain and "*" not in optimizer.kwargs and not p.of_kind("scheduler")


def _trains_anew(p: Program, event: Event, optimizer: Val, loop: LoopRun) -> bool:
    """Whether each round is a training of its own: it has epochs within, or the weights are changed before it."""
    target = words("_".join(sorted(_names(getattr(loop.node, "target", None)))))
    if {"epoch", "ep"} & set(target):
        return False
    steps = [s for s in p.all("step") if s.inside(loop) and q.same(s.recv, optimizer)]
    if steps and all(len(s.loops) - s.loops.index(loop) > 2 for s in steps):
        return True
    changed = [e for e in p.calls(*_CHANGES) if e.inside(loop) and not any(f.name == "forward" for f in e.funcs)]
    return any(e.loops == event.loops or e.loops[: len(event.loops)] == event.loops for e in changed)


_CHANGES = (
    *("global_unstructured", "l1_unstructured", "ln_structured", "random_unstructured", "custom_from_mask"),
    *("reset_parameters", "copy_"),
)


def _names(node: ast.AST | None) -> set[str]:
    return {n.id for n in syntax.walk(node) if isinstance(n, ast.Name)} if node is not None else set()
