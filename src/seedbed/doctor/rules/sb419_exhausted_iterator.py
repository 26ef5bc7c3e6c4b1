"""An iterator is empty after the first epoch.

## What it does

Finds iterators (zip, map, generators, `iter(loader)`) that are made once and read in every epoch.

## Why is this bad

They are empty after the first epoch: later epochs train on nothing.

## Example

```python
batches = zip(inputs, targets)
for epoch in range(10):
    for x, y in batches:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
for epoch in range(10):
    for x, y in zip(inputs, targets):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_ONCE = frozenset(["zip", "map", "enumerate", "iter", "generator", "comprehension", "filter", "reversed", "literal"])
_READS = frozenset(["list", "tuple", "sum", "sorted", "set", "max", "min", "dict"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    first: dict[int, Event] = {}
    seen: set[int] = set()
    if not any(map(_spends, p.anywhere(*_ONCE))):
        return
    for event in p.all("loop", "comprehension", "call"):
        over = event.recv if event.kind != "call" else _read(event)
        for one in over.options() if over is not None else ():
            one = _inside(one)
            if not _spends(one):
                continue
            before = first.setdefault(id(one), event)
            if before is event or id(one) in seen or not q.same_branch(before, event) or _endless(one):
                continue
            if (before.kind == "loop" and _left_early(p, before)) or _either(before, event):
                continue
            seen.add(id(one))
            again = "in every epoch" if before.node is event.node else "a second time"
            yield p.report(
                "SB419",
                one,
                f"{one.var or one.name} is an iterator that is exhausted after the first pass, but it is read {again}",
                why=f"it is made once (line {one.line}) and consumed by the first loop over it; after the first epoch "
                "there are no batches left",
                fix="Make it inside the epoch loop, or keep a list: list(zip(...))",
                related=((str(event.src.path), event.line, "it is read again here"),),
            )


def _read(event: Event) -> Val | None:
    """What a call reads to its end, as ``list(pairs)`` does."""
    name = event.name.rsplit(".", 1)[-1]
    return event.args[0] if event.name.startswith("builtins.") and name in _READS and len(event.args) == 1 else None


def _inside(val: Val) -> Val:
    """The iterator that ``enumerate`` or ``tqdm`` goes on with."""
    while val.kind == "iter" and val.name in ("enumerate", "tqdm") and val.args and _spends(val.args[0]):
        val = val.args[0]
    return val


def _spends(val: Val) -> bool:
    """Whether a value can be read only once."""
    if val.kind != "iter" or val.name not in _ONCE or val.node is None:
        return False
    return val.name not in ("comprehension", "literal") or isinstance(val.node, (ast.GeneratorExp, ast.Call))


def _endless(val: Val) -> bool:
    """Whether it never ends: an endless generator, a pair with ``count()`` or ``cycle()``."""
    if val.name == "generator":
        call = val.node.func if isinstance(val.node, ast.Call) else None
        name = call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "")
        tree = val.src.tree if val.src is not None else None
        defs = [n for n in syntax.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == name] if tree else []
        return not defs or any(isinstance(n, ast.While) for d in defs for n in syntax.walk(d))
    return any(v.name in ("count", "cycle", "repeat") or _endless(v) for v in val.args if v.name != val.name)


def _either(a: Event, b: Event) -> bool:
    """Whether one call is read once for each thing that it may be called on: only one of them happens."""
    same = a.node is b.node and a.rounds == b.rounds and len(a.sites) == len(b.sites)
    return bool(a.sites) and same and all(x[0] is y[0] for x, y in zip(a.sites, b.sites, strict=True))


def _left_early(p: Program, loop: Event) -> bool:
    """Whether the first loop leaves before the end, so that a second one can go on."""
    found = (e for e in p.all("break", "return") if e.loop is not None and e.loop.node is loop.node)
    return any(len(e.funcs) == len(loop.funcs) for e in found)  # not the return of a function that is called in it
