"""Functions made in a loop all see the loop's last value.

## What it does

Finds lambdas and inner functions that are made in a loop, kept, and use a variable of the loop.

## Why is this bad

Python looks the variable up when the function is called, not when it is made. After the loop all of them use the last
value: every column is scaled with the statistics of the last column.

## Example

```python
scalers = {}
for name in ["a", "b"]:
    m, s = table[name].mean(), table[name].std()
    scalers[name] = lambda v: (v - m) / s
x = torch.stack([scalers[n](table[n]) for n in ["a", "b"]], dim=1)
```

## Use instead

```python
scalers = {}
for name in ["a", "b"]:
    m, s = table[name].mean(), table[name].std()
    scalers[name] = lambda v, m=m, s=s: (v - m) / s
x = torch.stack([scalers[n](table[n]) for n in ["a", "b"]], dim=1)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_KEEPS = frozenset(["append", "add", "insert", "setdefault", "register_forward_hook", "register_hook", "add_module"])
_WRAPPERS = frozenset(["Lambda", "LambdaLR", "MultiplicativeLR"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for loop in q.nodes(p, ast.For, ast.ListComp, ast.DictComp):
        if not syntax.below(loop, ast.Lambda, ast.FunctionDef):
            continue
        changing = _changing(loop)
        for func in _kept(loop):
            used = sorted(_free(func) & changing)
            if used and id(func) not in seen:
                seen.add(id(func))
                yield p.report(
                    "SB439",
                    (func, p.source),
                    f"late binding: the function made in the loop uses {', '.join(used)}, of which only the last value "
                    "of the loop is left when it is called",
                    why="a closure holds the loop variable itself, not its value: all functions end up alike",
                    fix=f"Bind the value: lambda ..., {used[0]}={used[0]}: ... (or functools.partial)",
                )


def _changing(loop: Any) -> set[str]:
    """Names that get another value in every round."""
    if isinstance(loop, (ast.ListComp, ast.DictComp)):
        return {n.id for g in loop.generators for n in syntax.walk(g.target) if isinstance(n, ast.Name)}
    found = {n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)}
    for part in loop.body:
        if isinstance(part, ast.Assign):
            found |= {n.id for t in part.targets for n in syntax.walk(t) if isinstance(n, ast.Name) and _stored(n)}
    return found


def _stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _kept(loop: Any) -> Iterator[Any]:
    """Functions that live on after their round: put into a list, a dict or an item."""
    if isinstance(loop, ast.ListComp):
        yield from (n for n in (loop.elt, *_parts(loop.elt)) if isinstance(n, ast.Lambda))
        return
    if isinstance(loop, ast.DictComp):
        yield from (n for n in (loop.value, *_parts(loop.value)) if isinstance(n, ast.Lambda))
        return
    removed = any(isinstance(n, ast.Attribute) and n.attr == "remove" for s in loop.body for n in syntax.walk(s))
    inner = {s.name: s for s in loop.body if isinstance(s, ast.FunctionDef)}
    for part in [n for s in loop.body if not isinstance(s, ast.FunctionDef) for n in syntax.walk(s)]:
        value: Any = None
        if isinstance(part, ast.Assign) and any(isinstance(t, ast.Subscript) for t in part.targets):
            value = part.value
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in _KEEPS:
            gone = removed and part.func.attr.startswith("register")
            value = part.args[-1] if part.args and not gone else None
        if value is None:
            continue
        for one in (value, *_parts(value)):
            if isinstance(one, ast.Lambda):
                yield one
            elif isinstance(one, ast.Name) and one.id in inner:
                yield inner[one.id]


def _parts(value: ast.AST) -> list[ast.AST]:
    if isinstance(value, ast.Call) and syntax.text(value.func).rsplit(".", 1)[-1] in _WRAPPERS:
        return list(value.args)
    return list(value.elts) if isinstance(value, (ast.Tuple, ast.List)) else []


def _free(func: Any) -> set[str]:
    """Names that a function reads from outside; defaults are read when it is made, so they don't count."""
    args = func.args
    own = {a.arg for a in [*args.posonlyargs, *args.args, *args.kwonlyargs]}
    own |= {a.arg for a in (args.vararg, args.kwarg) if a is not None}
    body = func.body if isinstance(func.body, list) else [func.body]
    names = [n for s in body for n in syntax.walk(s) if isinstance(n, ast.Name)]
    own |= {n.id for n in names if isinstance(n.ctx, ast.Store)}
    return {n.id for n in names if isinstance(n.ctx, ast.Load)} - own
