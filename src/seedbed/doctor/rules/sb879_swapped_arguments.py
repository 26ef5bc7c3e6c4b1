"""Two arguments are given in each other's place.

## What it does

Finds a call of a function of the program whose variables carry the names of two of its parameters, each in the place of
the other.

## Why is this bad

Both have the same type, so nothing fails: a mean is used as deviation, a prediction as target.

## Example

```python
def scale(x, mean, std):
    return (x - mean) / std

x = torch.rand(100, 3)
mean, std = x.mean(0), x.std(0)
x = scale(x, std, mean)
```

## Use instead

```python
def scale(x, mean, std):
    return (x - mean) / std

x = torch.rand(100, 3)
mean, std = x.mean(0), x.std(0)
x = scale(x, mean, std)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    found: dict[int, tuple[Event, str, str, str]] = {}
    right: set[int] = set()
    for event in p.all("invoke"):
        func = event.recv.owner if event.recv is not None else None
        if not isinstance(event.node, ast.Call) or func is None or getattr(func, "node", None) is None:
            continue
        pair = _swapped(event.node, func.node)
        if pair is None:
            right.add(id(func))  # called in its own order somewhere, as in f(a, b) + f(b, a)
        elif pair and sum(f is func for f in event.funcs) < 2:  # not from within itself
            found.setdefault(id(func), (event, *pair, getattr(func, "name", "the function")))
    for key, (event, one, two, name) in found.items():
        if key in right:
            continue
        yield p.report(
            "SB879",
            event,
            f"{one} and {two} are swapped: {name}() takes its arguments in the other order",
            why="the names say what is meant, but arguments count by position",
            fix=f"Exchange them, or name them in the call: {one}={one}, {two}={two}",
        )


def _swapped(call: ast.Call, function: ast.AST) -> tuple[str, str] | tuple[()] | None:
    """The two names that stand in each other's place; ``None`` where both stand in their own, ``()`` if unknown."""
    params = [a.arg for a in getattr(getattr(function, "args", None), "args", [])]
    if params[:1] in (["self"], ["cls"]):
        params = params[1:]
    given = [a.id if isinstance(a, ast.Name) else "" for a in call.args]
    own = 0
    for i, name in enumerate(given[: len(params)]):
        if name and name == params[i]:
            own += 1
        j = params.index(name) if name in params else -1
        if j > i and j < len(given) and given[j] == params[i] and min(len(name), len(params[i])) >= 3:
            return name, params[i]
    return None if own >= 2 else ()
