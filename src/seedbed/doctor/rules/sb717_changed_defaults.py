"""Shared default settings are changed in place: the next run starts from them.

## What it does

Finds `cfg = DEFAULTS` where `DEFAULTS` is a dictionary that lives outside, and `cfg` is then updated with the settings
of one run, although the same lines run more than once (a function, a loop over experiments), and settings that every
run pops out of one dictionary.

## Why is this bad

Assignment makes no copy. The settings of the first run stay in the defaults (or are gone from them), so later runs do
not start from them.

## Example

```python
DEFAULTS = {"lr": 1e-3, "hidden": 16}


def settings(given):
    cfg = DEFAULTS
    cfg.update(given)
    return cfg


for given in ({"lr": 0.1}, {"hidden": 32}):
    cfg = settings(given)
    optimizer = torch.optim.SGD(nn.Linear(20, cfg["hidden"]).parameters(), lr=cfg["lr"])
```

## Use instead

```python
DEFAULTS = {"lr": 1e-3, "hidden": 16}


def settings(given):
    cfg = dict(DEFAULTS)
    cfg.update(given)
    return cfg


for given in ({"lr": 0.1}, {"hidden": 32}):
    cfg = settings(given)
    optimizer = torch.optim.SGD(nn.Linear(20, cfg["hidden"]).parameters(), lr=cfg["lr"])
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import popped, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program

_LOOPS = (ast.For, ast.While, ast.ListComp, ast.GeneratorExp, ast.DictComp)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for key, place, pop in popped.settings(p):
        taken = "the dictionary is the shared one itself, not a copy: " if place is not pop else ""
        yield p.report(
            "SB717",
            place,
            f"{taken}pop({key!r}) takes the setting out of the shared config, so only the first run (fold) is trained "
            "with it",
            why=f"the later runs find no {key!r} in it and silently go on without",
            fix="Copy the settings before they are changed (dict(settings)), or read them with get()",
            related=((str(pop.src.path), pop.line, f"popped {key!r}"),) if place is not pop else (),
        )
    shared = _shared(p)
    if not shared:
        return
    for body, scope in _bodies(p):
        held: dict[str, tuple[ast.stmt, str]] = {}
        for statement in body:
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                name, value = syntax.text(statement.targets[0]), statement.value
                held.pop(name, None)
                if isinstance(value, ast.Name) and value.id in shared and isinstance(statement.targets[0], ast.Name):
                    held[name] = statement, value.id
            for name, (at, source) in list(held.items()):
                if not _changes(statement, name):
                    continue
                del held[name]
                if name != source and _repeats(p, scope):
                    yield p.report(
                        "SB717",
                        (at, p.source),
                        f"{name} is {source} itself, not a copy: the settings of one run stay in it for the next one",
                        why=f"assignment makes no copy, so {name}.update(...) changes the shared {source} in place",
                        fix=f"Start from a copy: {name} = dict({source}), or {name} = {{**{source}, ...}}",
                    )


def _shared(p: Program) -> set[str]:
    """Dictionaries with settings that are made once, outside all functions and loops, and copied or not later."""
    found = [
        n.targets[0].id
        for n in p.source.tree.body
        if isinstance(n, ast.Assign)
        and len(n.targets) == 1
        and isinstance(n.targets[0], ast.Name)
        and (
            (isinstance(n.value, ast.Dict) and n.value.keys)
            or (isinstance(n.value, ast.Call) and syntax.text(n.value.func) == "dict" and n.value.keywords)
        )
    ]
    return {n for n in found if found.count(n) == 1}


def _bodies(p: Program) -> Iterator[tuple[list[ast.stmt], ast.FunctionDef | ast.For]]:
    """Blocks of statements that may run more than once, and whose they are."""
    for scope in q.nodes(p, ast.FunctionDef, ast.For):
        yield scope.body, scope


def _repeats(p: Program, scope: ast.FunctionDef | ast.For) -> bool:
    """Whether it is a loop, or a function that is called more than once."""
    if isinstance(scope, ast.For):
        return True
    calls = [c for c in q.nodes(p, ast.Call) if syntax.text(c.func) == scope.name]
    return len(calls) > 1 or any(_inside(c, loop) for c in calls for loop in q.nodes(p, *_LOOPS))


def _inside(node: ast.expr, loop: ast.AST) -> bool:
    if isinstance(loop, (ast.For, ast.While)):
        return any(n is node for part in loop.body for n in ast.walk(part))
    return any(n is node for n in ast.walk(loop))


def _changes(statement: ast.stmt, name: str) -> bool:
    """Whether settings that are not the same in every run are put into a dictionary."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if syntax.text(call.func) == f"{name}.update":
            return any(not isinstance(a, ast.Dict) or None in a.keys for a in call.args) or any(
                k.arg is None for k in call.keywords
            )
    return isinstance(statement, ast.AugAssign) and syntax.text(statement.target) == name
