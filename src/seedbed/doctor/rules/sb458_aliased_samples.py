"""One array is stored again and again: all samples are the last one.

## What it does

Finds arrays and tensors that are changed in place in a loop and appended to a list without a copy.

## Why is this bad

The list holds the same object many times. After the loop every entry shows the last state.

## Example

```python
state = torch.zeros(4)
rows = []
for t in range(100):
    state[:] = 0.9 * state + torch.randn(4)
    rows.append(state)
x = torch.stack(rows)
```

## Use instead

```python
state = torch.zeros(4)
rows = []
for t in range(100):
    state[:] = 0.9 * state + torch.randn(4)
    rows.append(state.clone())
x = torch.stack(rows)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program

_MADE = frozenset(
    ["zeros", "ones", "empty", "full", "array", "tensor", "randn", "np_randn", "np_normal", "rand", "normal"]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    arrays = {
        n for n, v, _ in p.assigns if v.kind == "tensor" and not v.grad and v.name in _MADE and v.shape != ()
    }  # fmt: skip
    arrays |= {
        n for n, v, _ in p.assigns if v.kind == "tensor" and v.name in ("zeros_like", "copy", "clone") and not v.grad
    }
    seen: set[int] = set()
    yield from _kept_twice(p, seen)
    yield from _yielded_twice(p, seen)
    for inner, stored in q.in_file(p, "storing loops", lambda: _storing(p)) if arrays else ():
        if not any(name in arrays for _, name in stored):
            continue
        rebound = {n.id for a in inner if isinstance(a, (ast.Assign, ast.For)) for n in _names(a)}
        changed = _changed(inner, arrays) - rebound
        for node, name in stored:
            if name in changed and id(node) not in seen:
                seen.add(id(node))
                yield p.report(
                    "SB458",
                    (node, p.source),
                    f"{name} is stored by reference and changed in place: all stored entries are the same object",
                    why="append keeps no copy, so after the loop every entry shows the last state (they share memory)",
                    fix=f"Store a copy: {name}.copy() for an array, {name}.clone() for a tensor",
                )


def _kept_twice(p: Program, seen: set[int]) -> Iterator[Finding]:
    """The same array that goes into the same list again, after its numbers were changed in place."""
    kept: dict[tuple[int, int], Event] = {}
    for event in p.all("keep"):
        if event.name != "append" or event.recv is None or id(event.node) in seen or not event.loops:
            continue
        if event.node is not None and _appended(event.node) in _bound(event.loops[-1].node):
            continue
        for one in [i for a in event.args for i in (a.items or [a] if a.kind == "tuple" else [a])]:
            if one.kind not in ("tensor", "list") or one.grad or one.shape == () or one is event.recv:
                continue
            before = kept.setdefault((id(event.recv), id(one)), event)
            changes = [e for e in p.all(*_CHANGES[one.kind]) if e.recv is one and before.seq < e.seq < event.seq]
            if before is event or before.node is not event.node or not changes or _emptied(p, event, before):
                continue
            seen.add(id(event.node))
            name = one.var or "the array"
            yield p.report(
                "SB458",
                event,
                f"{name} is stored by reference and changed in place: all stored entries are the same object",
                why="append keeps no copy, so after the loop every entry shows the last state (they share memory)",
                fix=f"Store a copy: {name}.copy() for an array or a list, {name}.clone() for a tensor",
                related=((str(changes[0].src.path), changes[0].line, "changed in place"),),
            )


def _yielded_twice(p: Program, seen: set[int]) -> Iterator[Finding]:
    """The same array in every round of a generator that is put into a list whole."""
    for made in p.of_kind("iter"):
        if made.name != "generator" or not any(u.kind == "list" and u.name == "list" for u in p.users(made)):
            continue
        given = [*made.args, *(made.items or [])]
        for change in p.all("setitem"):
            body = change.funcs[-1].node if change.funcs and change.loops else None
            if body is None or sum(v is change.recv for v in given) < 2:
                continue
            name = syntax.text(getattr(change.node, "value", change.node))
            for node in syntax.walk(body):
                if not isinstance(node, ast.Yield) or node.value is None or syntax.text(node.value) != name:
                    continue
                if id(node) not in seen:
                    seen.add(id(node))
                    yield p.report(
                        "SB458",
                        (node, change.src),
                        f"{name} is yielded by reference and changed in place: all entries of the list are the same "
                        "object",
                        why="list() keeps what it is given, so every entry shows the last state (they share memory)",
                        fix=f"Yield a copy: {name}.copy() for an array, {name}.clone() for a tensor",
                    )


_CHANGES = {"tensor": ("setitem", "inplace"), "list": ("keep",)}


def _emptied(p: Program, event: Event, before: Event) -> bool:
    """Whether the list gave back what it held between two moments."""
    return any(
        e.recv is event.recv and e.name.rsplit(".", 1)[-1] in ("pop", "clear", "popleft", "remove")
        for e in p.all("call", "keep")
        if before.seq < e.seq < event.seq
    )


def _storing(p: Program) -> list[tuple[list[ast.AST], list[tuple[ast.AST, str]]]]:
    """The nodes in loops that put bare names into lists, and where they do so."""
    found = []
    for loop in q.nodes(p, ast.For, ast.While):
        inner = [n for s in loop.body for n in syntax.walk(s)]
        own = _bound(loop)
        stored = [(n, name) for n in inner if (name := _appended(n)) and name not in own]
        if stored:
            found.append((inner, stored))
    return found


def _bound(loop: ast.AST) -> set[str]:
    """The names that every round of a loop binds anew by itself."""
    return {n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)} if isinstance(loop, ast.For) else set()


def _names(node: Any) -> Iterator[ast.Name]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        for part in [target] if isinstance(target, ast.Name) else getattr(target, "elts", []):
            if isinstance(part, ast.Name):
                yield part


def _changed(inner: list[ast.AST], arrays: set[str]) -> set[str]:
    """Names whose value is changed in place."""
    found = set()
    for node in inner:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                    found.add(target.value.id)
        elif isinstance(node, ast.AugAssign):
            base = node.target.value if isinstance(node.target, ast.Subscript) else node.target
            if isinstance(base, ast.Name) and base.id in arrays:
                found.add(base.id)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, base = node.func.attr, node.func.value
            if isinstance(base, ast.Name) and name.endswith("_") and not name.endswith("__"):
                found.add(base.id)
    return found & arrays


def _appended(node: ast.AST) -> str:
    """The bare name that is put into a list."""
    if not (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "push")
    ):
        return ""
    values = [e for a in node.args for e in (a.elts if isinstance(a, ast.Tuple) else [a])]
    names = [v.id for v in values if isinstance(v, ast.Name)]
    return names[0] if names else ""
