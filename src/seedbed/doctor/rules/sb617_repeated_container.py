"""[[]] * n is the same list n times.

## What it does

Finds lists that repeat one mutable object and are then filled.

## Why is this bad

All entries are one list (or dict): what is stored for one fold, seed or layer is in all of them.

## Example

```python
histories = [[]] * 3
for fold in range(3):
    for epoch in range(10):
        histories[fold].append(float(epoch))
```

## Use instead

```python
histories = [[] for _ in range(3)]
for fold in range(3):
    for epoch in range(10):
        histories[fold].append(float(epoch))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    changed = {id(o): e for e in p.all("keep", "setitem", "augment") if e.recv is not None for o in e.recv.options()}
    seen: set[int] = set()
    for val in _values(p) if changed else ():
        inner = _repeated(val)
        if inner is None or id(inner) not in changed or id(val.node) in seen:
            continue
        seen.add(id(val.node))
        what = "dict" if inner.kind == "dict" else "list"
        text = "{}" if what == "dict" else "[]"
        use = changed[id(inner)]
        yield p.report(
            "SB617",
            val,
            f"[{text}] * n repeats the same {what} object: all entries share one {what}",
            why="the multiplication copies the reference, so what is put into one entry appears in every one",
            fix=f"Make a new {what} for each: [{text} for _ in range(n)]",
            related=((str(use.src.path), use.line, "it is filled here"),),
        )
    yield from _members(p)


def _members(p: Program) -> Iterator[Finding]:
    """``[nn.Linear(4, 2)] * 3`` as members of an ensemble: one model under three names."""
    for _, val, event in p.assigns:
        first = val.items[0] if val.kind == "list" and val.name == "repeat" and val.items else None
        if first is None or first.kind != "module" or not any(e.recv is first for e in p.all("forward")):
            continue
        yield p.report(
            "SB617",
            val,
            f"[{first.name}(...)] * n repeats the same module: all members of the list share their weights",
            why="the multiplication copies the reference, so there is only one model",
            fix=f"Make a new one for each: [{first.name}(...) for _ in range(n)]",
            related=((str(event.src.path), event.line, "the list"),),
        )


def _values(p: Program) -> list[Val]:
    found = [v for _, v, _ in p.assigns]
    found += [a for e in p.all("attribute") for a in e.args]
    events: list[Event] = p.all("loop")
    found += [v for e in events if e.recv is not None for v in ancestors(e.recv, limit=30)]
    return found


def _repeated(val: Val) -> Val | None:
    """The mutable object that a list repeats, by ``*`` or by ``dict.fromkeys``."""
    if val.kind == "list" and val.name == "repeat" and val.items:
        inner = val.items[0]
        if inner.kind in ("list", "dict") and inner.name != "repeat" and not (inner.items or inner.attrs.get("*")):
            return inner
        if inner.kind in ("list", "dict") and "grown" in inner.tags:
            return inner
    return None
