"""A list or dict as a default argument is shared between calls.

## What it does

Finds lists and dicts as default arguments that the function, or the object that keeps them, changes.

## Why is this bad

The default is made once. Each call goes on with what earlier calls left in it.

## Example

```python
def run(lr, history=[]):
    history.append(lr * torch.rand(()).item())
    return history
```

## Use instead

```python
def run(lr, history=None):
    history = [] if history is None else history
    history.append(lr * torch.rand(()).item())
    return history
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_GROW = ("append", "extend", "update", "add", "setdefault", "insert")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    homes = {id(n): c for c in q.nodes(p, ast.ClassDef) for n in c.body}
    for node in q.nodes(p, ast.FunctionDef):
        for name in _empty_defaults(node):
            kept = _kept(node, name) if id(node) in homes else set()
            if not _changed_as_given(node.body, name) and not (kept and _changed(homes[id(node)], kept)):
                continue
            who = "all instances" if kept else "calls"
            yield p.report(
                "SB714",
                (node, p.source),
                f"{name} is a mutable default argument: it is shared between {who}",
                why="the default is made once, so each call and each instance goes on with what earlier ones left "
                "in it (a cache of the training set answers for the validation set)",
                fix=f"Use {name}=None and create it inside the function",
            )
    yield from _trained(p)


def _trained(p: Program) -> Iterator[Finding]:
    """``def train(data, model=Net())``: one network, made once, that every call goes on training."""
    for node in q.nodes(p, ast.FunctionDef):
        models = [
            (arg, default)
            for arg, default in _defaults(node)
            if isinstance(default, ast.Call) and _makes_model(p, default)
        ]
        if not models or not any(
            isinstance(n, ast.Call) and syntax.text(n.func).endswith(".backward") for n in syntax.walk(node)
        ):
            continue
        for name, default in models:
            calls = [c for c in q.nodes(p, ast.Call) if syntax.text(c.func) == node.name and not _gives(node, c, name)]
            many = len(calls) > 1 or any(
                c in syntax.walk(loop) for c in calls for loop in q.nodes(p, ast.For, ast.While, ast.ListComp)
            )
            if many and any(syntax.text(n) == f"{name}.parameters" for n in syntax.walk(node)):
                yield p.report(
                    "SB714",
                    (default, p.source),
                    f"{name} is made once, as a default argument: every call of {node.name} goes on training the same "
                    "network",
                    why="a default is made when the function is defined, so later runs (folds, seeds) start from the "
                    "weights that earlier ones have left",
                    fix=f"Use {name}=None and make the network inside the function",
                )


def _gives(node: ast.FunctionDef, call: ast.Call, name: str) -> bool:
    """Whether a call gives this argument itself."""
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    starred = any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords)
    return starred or any(k.arg == name for k in call.keywords) or name in names[: len(call.args)]


def _makes_model(p: Program, default: ast.Call) -> bool:
    name = syntax.text(default.func)
    if name.rsplit(".", 1)[-1] in ("Sequential", "Linear"):
        return True
    made = next((c for c in q.nodes(p, ast.ClassDef) if c.name == name), None)
    return made is not None and any(syntax.text(b).rsplit(".", 1)[-1] == "Module" for b in made.bases)


def _defaults(node: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """Arguments with their defaults."""
    spec = node.args
    names = [*spec.posonlyargs, *spec.args]
    pairs = [
        *zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=False),
        *zip(spec.kwonlyargs, spec.kw_defaults, strict=False),
    ]
    yield from ((arg.arg, default) for arg, default in pairs if default is not None)


def _empty_defaults(node: ast.FunctionDef) -> Iterator[str]:
    """Arguments whose default is a list, dict or set."""
    for arg, default in _defaults(node):
        if isinstance(default, (ast.List, ast.Dict, ast.Set)) or (
            isinstance(default, ast.Call)
            and syntax.text(default.func).rsplit(".", 1)[-1] in ("list", "dict", "set", "OrderedDict", "defaultdict")
        ):
            yield arg


def _kept(node: ast.FunctionDef, name: str) -> set[str]:
    """The attributes that hold an argument itself, not a copy of it."""
    return {
        syntax.text(t)
        for n in syntax.walk(node)
        if isinstance(n, ast.Assign)
        for t, v in _single(n)
        if isinstance(t, ast.Attribute) and isinstance(v, ast.Name) and v.id == name
    }


def _single(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=False)
        else:
            yield target, node.value


def _changed_as_given(body: list[ast.stmt], name: str) -> bool:
    """Whether something is put into the default itself: not after the name has got another box, as a copy."""
    for statement in body:
        inner = [b for _, b in ast.iter_fields(statement) if isinstance(b, list) and b and isinstance(b[0], ast.stmt)]
        inner += [h.body for h in getattr(statement, "handlers", ())]
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)) or not inner:
            if _changed(statement, {name}):
                return True
        elif any(_changed_as_given(part, name) for part in inner):
            return True
        if isinstance(statement, ast.Assign) and any(syntax.text(t) == name for t, _ in _single(statement)):
            return False
    return False


def _changed(node: ast.AST, names: set[str]) -> bool:
    """Whether something is put into one of these boxes."""
    for inner in syntax.walk(node):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in _GROW:
            if syntax.text(inner.func.value) in names:
                return True
        elif isinstance(inner, (ast.Assign, ast.AugAssign)):
            targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
            parts = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
            if any(isinstance(t, ast.Subscript) and syntax.text(t.value) in names for t in parts):
                return True
    return False
