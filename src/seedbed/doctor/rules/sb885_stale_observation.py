"""The state that the agent sees is not the one that the environment is in.

## What it does

Finds an interaction loop whose state is set by `reset()` but never by `step()`, and transitions that store the next
state in the place of the state because it was moved on before.

## Why is this bad

The agent chooses for, and learns from, a state that is over: what it stores is no transition of the environment.

## Example

```python
state, _ = env.reset()
for t in range(200):
    action = policy(torch.as_tensor(state)).argmax().item()
    next_state, reward, terminated, truncated, _ = env.step(action)
    memory.append((state, action, reward, next_state))
    if terminated or truncated:
        break
```

## Use instead

```python
state, _ = env.reset()
for t in range(200):
    action = policy(torch.as_tensor(state)).argmax().item()
    next_state, reward, terminated, truncated, _ = env.step(action)
    memory.append((state, action, reward, next_state))
    state = next_state
    if terminated or truncated:
        break
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_STORES = frozenset(["append", "push", "add", "store", "remember", "put", "insert", "record"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for loop in q.nodes(p, ast.For, ast.While):
        steps = [n for n in syntax.walk(loop) if isinstance(n, ast.Assign) and _is_step(n)]
        inner = [n for n in syntax.walk(loop) if isinstance(n, (ast.For, ast.While)) and n is not loop]
        if len(steps) != 1 or any(steps[0] in syntax.walk(n) for n in inner):
            continue
        yield from _loop(p, loop, steps[0])


def _is_step(node: ast.Assign) -> bool:
    """Whether a statement is ``next_state, reward, ... = env.step(action)``."""
    if len(node.targets) != 1 or not isinstance(node.targets[0], ast.Tuple):
        return False
    first, call = node.targets[0].elts[0], node.value
    func = call.func if isinstance(call, ast.Call) else None
    named = getattr(func, "attr", "") == "step" or "step" in words(getattr(func, "id", ""))
    return named and isinstance(first, ast.Name) and 3 <= len(node.targets[0].elts) <= 5


def _loop(p: Program, loop: ast.For | ast.While, step: ast.Assign) -> Iterator[Finding]:
    """What one interaction loop does with the state before and after the step."""
    after = step.targets[0].elts[0].id  # type: ignore[attr-defined]
    for state in _begun(p, loop) - {after}:
        sets = [n for n in syntax.walk(loop) if isinstance(n, (ast.Assign, ast.AnnAssign)) and state in _stored(n)]
        reads = [n for n in syntax.walk(loop) if isinstance(n, ast.Name) and n.id == state and _load(n)]
        moved = [n for n in sets if n.value is not None and (after in _read(n.value) or not _resets(n.value))]
        if not reads or _elsewhere(loop, state):
            continue
        if not moved:
            yield p.report(
                "SB885",
                (step, p.source),
                f"{state} is never updated in the loop: after the step it stays the first state, {after} is not "
                "carried over",
                why="every action is chosen for the first state of the episode, and every transition starts there",
                fix=f"End each round with {state} = {after}",
            )
            return
        early = next((n for n in moved if isinstance(n.value, ast.Name) and n.value.id == after), None)
        for node in syntax.walk(loop) if early is not None and len(moved) == 1 else ():
            if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") not in _STORES:
                continue
            names = [n.id for a in node.args for n in syntax.walk(a) if isinstance(n, ast.Name)]
            if (
                early is not None
                and step.lineno <= early.lineno
                and _before(loop, early, node)
                and {state, after} <= set(names)
            ):
                yield p.report(
                    "SB885",
                    (early, p.source),
                    f"{state} is set to {after} before the transition is stored: {state} and {after} are the same "
                    "there, the old state is lost",
                    why="the stored transition starts where it ends, so nothing can be learnt from it",
                    fix=f"Store the transition first, then {state} = {after}",
                )
                return


def _before(loop: ast.For | ast.While, first: ast.AST, second: ast.AST) -> bool:
    """Whether both stand in the body of the loop itself, one before the other."""
    places = [next((i for i, s in enumerate(loop.body) if one in syntax.walk(s)), -1) for one in (first, second)]
    return first in loop.body and -1 < places[0] < places[1]


def _begun(p: Program, loop: ast.AST) -> set[str]:
    """Names that get the first state of an episode outside the loop."""
    found: set[str] = set()
    inside = {id(n) for n in syntax.walk(loop)}
    for node in q.nodes(p, ast.Assign):
        if id(node) not in inside and _resets(node.value) and len(node.targets) == 1:
            target = node.targets[0]
            first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
            if isinstance(first, ast.Name):
                found.add(first.id)
    return found


def _resets(node: ast.AST) -> bool:
    return any(
        isinstance(n, ast.Call) and (getattr(n.func, "attr", "") == "reset" or "reset" in words(syntax.text(n.func)))
        for n in syntax.walk(node)
    )


def _read(node: ast.AST) -> set[str]:
    return {n.id for n in syntax.walk(node) if isinstance(n, ast.Name)}


def _stored(node: ast.AST) -> set[str]:
    return {n.id for n in syntax.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _load(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def _elsewhere(loop: ast.AST, name: str) -> bool:
    """Whether a name is also bound by another kind of statement in the loop."""
    plain = {n.id for a in syntax.walk(loop) if isinstance(a, (ast.Assign, ast.AnnAssign)) for n in _names(a)}
    bound = {n.id for n in syntax.walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    written = {syntax.text(n.value) for n in syntax.walk(loop) if isinstance(n, ast.Subscript) and _stores(n)}
    grown = {syntax.text(n.target) for n in syntax.walk(loop) if isinstance(n, ast.AugAssign)}
    calls = [n.func for n in syntax.walk(loop) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    filled = {syntax.text(c.value) for c in calls if c.attr.endswith("_") or c.attr in ("fill", "update", "append")}
    return name in (bound - plain) | written | grown | filled


def _stores(node: ast.Subscript) -> bool:
    return isinstance(node.ctx, ast.Store)


def _names(node: ast.AST) -> list[ast.Name]:
    return [n for n in syntax.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
