"""After a search the last candidate is used, not the best one.

## What it does

Finds a loop that stores each candidate with its score, a choice of the best of them by `max`, `min` or `sorted`, and
after that the variables of the last round (weights, settings) where those of the best were meant.

## Why is this bad

The score that is reported and the model (or settings) that is tested or saved do not belong together: the search has
no effect.

## Example

```python
results = []
for lr in (0.1, 0.01):
    model = nn.Linear(20, 2)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    results.append({"score": lr, "state": state})
best = max(results, key=lambda r: r["score"])
final = nn.Linear(20, 2)
final.load_state_dict(state)
```

## Use instead

```python
results = []
for lr in (0.1, 0.01):
    model = nn.Linear(20, 2)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    results.append({"score": lr, "state": state})
best = max(results, key=lambda r: r["score"])
final = nn.Linear(20, 2)
final.load_state_dict(best["state"])
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for body in [p.source.tree.body, *(f.body for f in q.nodes(p, ast.FunctionDef))]:
        for at, loop in enumerate(body):
            if not isinstance(loop, ast.For):
                continue
            box, stored = _stored(loop)
            chosen = next((n for n in range(at + 1, len(body)) if _chooses(body[n], box)), None) if box else None
            if chosen is None:
                continue
            made = {n.id for n in ast.walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            again: set[str] = set()
            for statement in body[chosen:]:
                again |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
                used = next((n for n in _uses(statement, (stored & made) - again)), None)
                if used is not None:
                    yield p.report(
                        "SB718",
                        (used, p.source),
                        f"{used.id} is that of the last round of the search, not of the best one: the loop at line "
                        f"{loop.lineno} has left it behind",
                        why=f"the best of {box} is chosen, but what is loaded, tested or saved belongs to the last "
                        "candidate tried",
                        fix="Take it from the record of the best one, best['...']",
                    )
                    break


def _stored(loop: ast.For) -> tuple[str, set[str]]:
    """The list that gets one record a round, and the plain variables in those records."""
    for statement in loop.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr != "append":
            continue
        record = call.args[0] if call.args else None
        if isinstance(record, ast.Dict):
            parts = record.values
        elif isinstance(record, ast.Tuple):
            parts = record.elts
        else:
            continue
        return syntax.text(call.func.value), {n for part in parts for n in _held(part)}
    return "", set()


def _held(part: ast.expr) -> list[str]:
    """The variable that a field of a record holds: itself, or a copy of its weights."""
    if isinstance(part, ast.Name):
        return [part.id]
    if not isinstance(part, ast.Call):
        return []
    if isinstance(part.func, ast.Attribute) and part.func.attr == "state_dict":
        return [syntax.text(part.func.value)]
    return _held(part.args[0]) if part.args and syntax.text(part.func).endswith("deepcopy") else []


def _chooses(statement: ast.stmt, box: str) -> bool:
    """Whether the best record is taken: ``best = max(results, ...)``, ``sorted(results, ...)[0]``."""
    value = statement.value if isinstance(statement, ast.Assign) else None
    if isinstance(value, ast.Subscript):
        value = value.value
    if not isinstance(value, ast.Call) or not value.args or syntax.text(value.args[0]) != box:
        return False
    return syntax.text(value.func) in ("max", "min", "sorted")


_KEEPS = ("load_state_dict", "save", "dump", "dumps", "save_pretrained")


def _uses(statement: ast.stmt, names: set[str]) -> Iterator[ast.Name]:
    """Where one of these variables is loaded into a model or saved."""
    for call in ast.walk(statement) if names else ():
        if not isinstance(call, ast.Call) or syntax.text(call.func).rsplit(".", 1)[-1] not in _KEEPS:
            continue
        for node in (n for a in (*call.args[:1], *(k.value for k in call.keywords)) for n in ast.walk(a)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
                yield node
