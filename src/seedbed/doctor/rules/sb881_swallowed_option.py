"""An option is given under a name that nobody reads: ``**kwargs`` swallows it.

## What it does

Finds a keyword that ends up in the `**kwargs` of a function which, with all that it calls, reads another name for the
same thing.

## Why is this bad

`**kwargs` takes every name without a word: the number that you set has no effect and the default is trained with.

## Example

```python
def build(hidden=64, **kwargs):
    rate = kwargs.get("dropout", 0.0)
    return nn.Sequential(nn.Linear(8, hidden), nn.ReLU(), nn.Dropout(rate), nn.Linear(hidden, 2))

model = build(hidden=32, drop_rate=0.5)
```

## Use instead

```python
def build(hidden=64, **kwargs):
    rate = kwargs.get("dropout", 0.0)
    return nn.Sequential(nn.Linear(8, hidden), nn.ReLU(), nn.Dropout(rate), nn.Linear(hidden, 2))

model = build(hidden=32, dropout=0.5)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb790_misnamed_option import same_option
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Place, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    by_node: dict[int, Event] = {}
    for event in p.all("invoke"):
        by_node.setdefault(id(event.node), event)
    seen: set[tuple[str, int]] = set()
    for event in by_node.values():
        func = _function(event)
        if func is None or func.args.kwarg is None or not isinstance(event.node, ast.Call):
            continue
        for name in event.kwargs:
            if name == "**" or name in _named(func):
                continue
            read = _read(func, by_node, 0)
            if read is None or name in read:
                continue
            meant = next((r for r in sorted(read) if r not in event.kwargs and same_option(r, name)), None)
            at = _written(p, event, name)
            line = getattr(at[0], "lineno", 0)
            if meant is None or (name, line) in seen:
                continue
            seen.add((name, line))
            yield p.report(
                "SB881",
                at,
                f"the option {name!r} is never read: {getattr(func, 'name', 'the function')}() takes it in "
                f"**{func.args.kwarg.arg} (it is swallowed and ignored), but reads {meant!r}, which keeps its default",
                why="a name that **kwargs takes does not fail, so the value that was set has no effect",
                fix=f"Write {meant!r} instead of {name!r}",
                related=((str(event.src.path), event.line, "the call"),),
            )


def _function(event: Event) -> Any:
    func = event.recv.owner if event.recv is not None else None
    node = getattr(func, "node", None)
    return node if isinstance(node, ast.FunctionDef) else None


def _named(func: ast.FunctionDef) -> set[str]:
    return {a.arg for a in (*func.args.posonlyargs, *func.args.args, *func.args.kwonlyargs)}


def _read(func: ast.FunctionDef, by_node: dict[int, Event], depth: int) -> set[str] | None:
    """All names that a function reads from its ``**kwargs``, itself or where it hands them on; ``None`` if unknown."""
    box = func.args.kwarg.arg if func.args.kwarg is not None else ""
    if depth > 4:
        return None
    found: set[str] = set()
    known: set[int] = set()
    for node in syntax.walk(func):
        if isinstance(node, ast.Call):
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            key = node.args[0] if node.args else None
            if isinstance(owner, ast.Name) and owner.id == box and getattr(node.func, "attr", "") in ("get", "pop"):
                if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                    return None
                found.add(key.value)
                known.add(id(owner))
            for word in node.keywords:
                if word.arg is None and isinstance(word.value, ast.Name) and word.value.id == box:
                    inner = _handed(node, by_node, depth)
                    if inner is None:
                        return None
                    found |= inner
                    known.add(id(word.value))
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == box:
            if not isinstance(node.slice, ast.Constant):
                return None
            found.add(str(node.slice.value))
            known.add(id(node.value))
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Constant):
            for right in node.comparators:
                if isinstance(right, ast.Name) and right.id == box:
                    found.add(str(node.left.value))
                    known.add(id(right))
    uses = [n for n in syntax.walk(func) if isinstance(n, ast.Name) and n.id == box]
    return found if all(id(n) in known for n in uses) else None


def _handed(node: ast.Call, by_node: dict[int, Event], depth: int) -> set[str] | None:
    """The names that a call reads of the options which it gets as ``**kwargs``."""
    event = by_node.get(id(node))
    func = _function(event) if event is not None else None
    if func is None:
        return None
    inner = _read(func, by_node, depth + 1) if func.args.kwarg is not None else set()
    return None if inner is None else inner | _named(func)


def _written(p: Program, event: Event, name: str) -> Place:
    """Where the option was written: the keyword of the call, or the key of the table that was opened."""
    for word in getattr(event.node, "keywords", ()):
        if word.arg == name:
            return word.value, event.src
    keys = [k for n in q.nodes(p, ast.Dict) for k in n.keys if isinstance(k, ast.Constant) and k.value == name]
    words = [k.value for n in q.nodes(p, ast.Call) for k in n.keywords if k.arg == name]
    found = [*keys, *words]
    return (found[0], p.source) if found else (event.node, event.src)
