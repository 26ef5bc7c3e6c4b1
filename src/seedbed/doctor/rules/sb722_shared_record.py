"""All stored results refer to one dictionary that goes on changing.

## What it does

Finds a dictionary that is changed in a loop and stored in a list in every round, without a copy.

## Why is this bad

All entries are the same object: in the end they all show the values of the last round.

## Example

```python
config = {"lr": 0.1}
results = []
for lr in (0.1, 0.01):
    config["lr"] = lr
    results.append((train(config), config))
model = torch.load(min(results)[1]["path"])
```

## Use instead

```python
config = {"lr": 0.1}
results = []
for lr in (0.1, 0.01):
    config["lr"] = lr
    results.append((train(config), dict(config)))
model = torch.load(min(results)[1]["path"])
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
    for loop in q.nodes(p, ast.For, ast.While):
        inner = [n for s in getattr(loop, "body", []) for n in syntax.walk(s)]
        own = syntax.walk(loop.target) if isinstance(loop, ast.For) else []  # each round binds another one
        bound = {n.id for n in (*inner, *own) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        changed = _changed(inner) - bound
        for call in inner:
            kept = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "append"
            if not isinstance(call, ast.Call) or not kept or not call.args:
                continue
            name = next((n for n in _shares(call.args[0]) if n in _overwritten(inner) - bound), "")
            if name and _is_buffer(p, name):
                yield p.report(
                    "SB722",
                    (call, p.source),
                    f"{name} is stored by reference in every round and overwritten later: all entries share its memory",
                    why="from_numpy, as_tensor and views share memory with the buffer, so in the end every entry shows "
                    "the last values (alias)",
                    fix=f"Store a copy: {name}.copy() (or .clone())",
                )
                continue
            name = next((n for n in _direct(call.args[0]) if n in changed), "")
            if name and _is_dict(p, name):
                yield p.report(
                    "SB722",
                    (call, p.source),
                    f"{name} is stored by reference in every round and changed later: all entries are the same dict",
                    why="the list holds one object many times, so in the end every entry shows the last values (alias)",
                    fix=f"Store a copy: dict({name})",
                )


def _changed(inner: list[ast.AST]) -> set[str]:
    """Names of dictionaries that the loop changes."""
    found: set[str] = set()
    for node in inner:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
            if isinstance(node.func.value, ast.Name):
                found.add(node.func.value.id)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            found.add(node.value.id)
    return found


def _direct(arg: ast.expr) -> list[str]:
    """The names that are stored as they are."""
    if isinstance(arg, ast.Name):
        return [arg.id]
    if isinstance(arg, (ast.Tuple, ast.List)):
        return [e.id for e in arg.elts if isinstance(e, ast.Name)]
    if isinstance(arg, ast.Dict):
        return [v.id for k, v in zip(arg.keys, arg.values, strict=True) if k is not None and isinstance(v, ast.Name)]
    return []


_SHARING = frozenset(["from_numpy", "as_tensor", "asarray", "torch.from_numpy", "torch.as_tensor", "np.asarray"])
_VIEWS = frozenset(["view", "reshape", "flatten", "unsqueeze", "squeeze", "t", "permute", "transpose", "detach"])


def _shares(arg: ast.expr) -> list[str]:
    """The names whose memory is stored: as they are, as views, or in a tensor that shares it."""
    if isinstance(arg, (ast.Tuple, ast.List)):
        return [n for e in arg.elts for n in _shares(e)]
    if isinstance(arg, ast.Call) and syntax.text(arg.func) in _SHARING and len(arg.args) == 1 and not arg.keywords:
        return _shares(arg.args[0])
    if isinstance(arg, ast.Call) and isinstance(arg.func, ast.Attribute) and arg.func.attr in _VIEWS:
        return _shares(arg.func.value)
    return [arg.id] if isinstance(arg, ast.Name) else []


def _overwritten(inner: list[ast.AST]) -> set[str]:
    """Names of arrays that the loop writes into."""
    found: set[str] = set()
    for node in inner:
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            found.add(node.value.id)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("copy_", "fill_", "zero_", "normal_", "uniform_", "fill") and isinstance(
                node.func.value, ast.Name
            ):
                found.add(node.func.value.id)
            found |= {k.value.id for k in node.keywords if k.arg == "out" and isinstance(k.value, ast.Name)}
    return found


def _is_buffer(p: Program, name: str) -> bool:
    """Whether every assignment of a name makes an empty array."""
    made = [
        node.value
        for node in q.nodes(p, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id == name
    ]
    makers = ("zeros", "empty", "full", "ones", "zeros_like", "empty_like")
    return bool(made) and all(isinstance(v, ast.Call) and syntax.text(v.func).split(".")[-1] in makers for v in made)


def _is_dict(p: Program, name: str) -> bool:
    """Whether every assignment of a name makes a dictionary."""
    made: list[ast.expr] = []
    for node in q.nodes(p, ast.Assign):
        for target in node.targets:
            parts = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                parts = list(zip(target.elts, node.value.elts, strict=False))
            made += [v for t, v in parts if isinstance(t, ast.Name) and t.id == name]
    return bool(made) and all(
        isinstance(v, ast.Dict) or (isinstance(v, ast.Call) and syntax.text(v.func) in ("dict", "copy.deepcopy"))
        for v in made
    )
