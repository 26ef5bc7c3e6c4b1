"""The defaults override the settings that were given.

## What it does

Finds settings that are merged the wrong way round: the defaults come last (`update`, `{**given, **DEFAULTS}`,
`given | DEFAULTS`, a loop over them), so they replace what the user chose.

## Why is this bad

The learning rate or size that was asked for is silently not used: every run of a search trains the default settings.

## Example

```python
DEFAULTS = {"lr": 1e-3, "epochs": 2}


def settings(given):
    cfg = dict(given)
    cfg.update(DEFAULTS)
    return cfg


cfg = settings({"lr": 0.01})
model = nn.Linear(20, 2)
optimizer = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
```

## Use instead

```python
DEFAULTS = {"lr": 1e-3, "epochs": 2}


def settings(given):
    cfg = dict(DEFAULTS)
    cfg.update(given)
    return cfg


cfg = settings({"lr": 0.01})
model = nn.Linear(20, 2)
optimizer = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
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

_COPIES = frozenset(["dict", "copy", "deepcopy", "vars", "OrderedDict"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.source.mentions("default", "base"):
        return
    found = [*_displays(p), *_updates(p), *_loops(p)]
    for node, given, default in found:
        yield p.report(
            "SB700",
            (node, p.source),
            f"the defaults override the given settings: {default} comes after {given} and replaces what it says",
            why="of two dictionaries that are merged the last one wins, so the settings that were chosen are not used",
            fix=f"Merge the other way round: {{**{default}, **{given}}}, or start from a copy of {default} and update "
            f"it with {given}",
        )


def _is_default(node: ast.expr | None) -> bool:
    """Whether an expression is a dictionary whose name says that it holds the defaults."""
    if isinstance(node, ast.Call):
        node = _copied(node)
    name = getattr(node, "id", getattr(node, "attr", ""))
    return bool({"default", "defaults"} & set(words(name)))


_GIVEN = frozenset(["override", "overrides", "user", "custom", "given", "changes", "kwargs"])


def _is_base(node: ast.expr) -> bool:
    """Whether a name says that others build on it: ``BASE``, ``base_cfg``."""
    return "base" in words(getattr(node, "id", getattr(node, "attr", "")))


def _copied(node: ast.expr) -> ast.expr | None:
    """What is copied: ``x`` of ``dict(x)``, ``x.copy()``, ``{**x}``; the expression itself where it is a name."""
    if isinstance(node, ast.Call):
        name = syntax.text(node.func).rsplit(".", 1)[-1]
        if name in _COPIES and len(node.args) == 1 and not node.keywords:
            return node.args[0]
        inner = node.func
        return inner.value if isinstance(inner, ast.Attribute) and inner.attr == "copy" and not node.args else None
    if isinstance(node, ast.Dict) and node.keys == [None]:
        return node.values[0]
    return node if isinstance(node, (ast.Name, ast.Attribute)) else None


def _is_given(node: ast.expr | None) -> bool:
    return isinstance(node, (ast.Name, ast.Attribute)) and not _is_default(node)


def _displays(p: Program) -> Iterator[tuple[ast.AST, str, str]]:
    """``{**given, **DEFAULTS}``, ``given | DEFAULTS`` and ``ChainMap(DEFAULTS, given)``."""
    for node in q.nodes(p, ast.Dict):
        spread = [v for k, v in zip(node.keys, node.values, strict=True) if k is None]
        if len(spread) != len(node.keys) or len(spread) != 2 or not _is_given(spread[0]):
            continue
        if _is_default(spread[1]) or (_is_base(spread[1]) and _GIVEN & set(words(syntax.text(spread[0])))):
            yield node, syntax.text(spread[0]), syntax.text(spread[1])
    for node in q.nodes(p, ast.BinOp):
        if isinstance(node.op, ast.BitOr) and _is_given(node.left) and _is_default(node.right):
            yield node, syntax.text(node.left), syntax.text(node.right)
    for node in q.nodes(p, ast.Call):
        if not syntax.text(node.func).endswith("ChainMap") or len(node.args) != 2:
            continue
        if _is_default(node.args[0]) and _is_given(node.args[1]):
            yield node, syntax.text(node.args[1]), syntax.text(node.args[0])


def _bodies(p: Program) -> Iterator[list[ast.stmt]]:
    yield p.source.tree.body
    for node in q.nodes(p, ast.FunctionDef):
        yield node.body


def _updates(p: Program) -> Iterator[tuple[ast.AST, str, str]]:
    """``cfg = dict(given)``, then ``cfg.update(DEFAULTS)``, and nothing of what was given after that."""
    for body in _bodies(p):
        made: dict[str, str] = {}
        for at, statement in enumerate(body):
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                name, given = syntax.text(statement.targets[0]), _copied(statement.value)
                made.pop(name, None)
                if given is not None and isinstance(statement.value, (ast.Call, ast.Dict)) and _is_given(given):
                    made[name] = syntax.text(given)
            name, given_now = _updated(statement)
            if name in made and _is_default(given_now):
                later = [_updated(s)[0] for s in body[at + 1 :]]
                if name not in later:
                    yield statement, made[name], syntax.text(given_now)


def _updated(statement: ast.stmt) -> tuple[str, ast.expr]:
    """The dictionary that a statement updates, and with what."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if isinstance(call.func, ast.Attribute) and call.func.attr == "update" and len(call.args) == 1:
            return syntax.text(call.func.value), call.args[0]
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.BitOr):
        return syntax.text(statement.target), statement.value
    return "", ast.Constant(None)


def _loops(p: Program) -> Iterator[tuple[ast.AST, str, str]]:
    """``for k, v in DEFAULTS.items(): cfg[k] = v`` into settings that a caller gave."""
    for func in q.nodes(p, ast.FunctionDef):
        names = {a.arg for a in (*func.args.args, *func.args.kwonlyargs, *filter(None, [func.args.kwarg]))}
        for loop in func.body:
            if not isinstance(loop, ast.For) or len(loop.body) != 1 or not isinstance(loop.iter, ast.Call):
                continue
            over, only, pair = loop.iter.func, loop.body[0], loop.target
            if not (isinstance(over, ast.Attribute) and over.attr == "items" and _is_default(over.value)):
                continue
            if not (isinstance(only, ast.Assign) and isinstance(only.targets[0], ast.Subscript)):
                continue
            box = only.targets[0]
            if isinstance(pair, ast.Tuple) and syntax.text(box.slice) == syntax.text(pair.elts[0]):
                name = syntax.text(box.value)
                if name in names and syntax.text(only.value) == syntax.text(pair.elts[-1]):
                    yield loop, name, syntax.text(over.value)
