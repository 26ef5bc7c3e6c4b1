"""All stored results refer to one dictionary that goes on changing.

## What it does

Finds a dictionary that is changed in a loop and stored in a list in every round, or kept as the best one, without a
copy.

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
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _best(p)
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


def _best(p: Program) -> Iterator[Finding]:
    """``if score < best: best_config = config``, and the next round changes ``config``."""
    written = [e for e in (*p.all("setitem"), *p.calls("update")) if e.loops and getattr(e.recv, "kind", "") == "dict"]
    if not written:
        return
    tables = {id(e.recv) for e in written}
    seen: set[int] = set()
    kept = [(e, e.result, e.name) for e in p.all("assign")]
    kept += [(e, e.args[-1], e.name) for e in p.all("attribute") if e.args]
    for event, val, name in kept:
        held = next((v for v in (val, *(val.items or ())) if id(v) in tables), None) if val is not None else None
        loop = next((r for r in reversed(event.loops) if event.conds_in(r)), None) if held is not None else None
        if held is None or loop is None or id(event.node) in seen or not name:
            continue
        if not _older(held, loop) or _leaves(p, event, loop):
            continue
        changes = [
            e for e in written if e.recv is held and e.seq > event.seq and e.inside(loop) and len(e.conds_in(loop)) == 0
        ]
        bare = next((n for n, v, _ in p.assigns if v is held), "")
        if not changes or name == bare or not _read_after(p, name, loop, changes):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB722",
            event,
            f"{name} is kept without a copy (an alias): the loop goes on changing {bare or 'the dict'}, so it holds "
            "the values tried last, not the best ones",
            why=f"both names refer to the same dict, which line {changes[0].line} changes in every round",
            fix=f"Keep a copy: dict({bare or '...'}) or copy.deepcopy({bare or '...'})",
            related=((str(changes[0].src.path), changes[0].line, "changed here"),),
        )


def _older(val: Val, loop: LoopRun) -> bool:
    """Whether a dictionary was made before the loop: all rounds have the same one."""
    return not any(r is loop.node for r in val.loops) and (
        val.src is not loop.src or not loop.line <= val.line <= (getattr(loop.node, "end_lineno", 0) or 0)
    )


def _leaves(p: Program, event: Event, loop: LoopRun) -> bool:
    """Whether the loop ends where the dictionary is kept."""
    arms = {(id(c[0]), c[1]) for c in event.conds_in(loop)}
    return any(
        e.inside(loop) and {(id(c[0]), c[1]) for c in e.conds_in(loop)} <= arms
        for e in p.all("break", "return")
        if len(e.funcs) <= len(event.funcs)
    )


def _read_after(p: Program, name: str, loop: LoopRun, changes: list[Event]) -> bool:
    """Whether what was kept is read after the loop, and more of it than what no round changes."""
    last = getattr(loop.node, "end_lineno", 0) or 0
    keys = {e.args[0].const for e in changes if e.kind == "setitem" and e.args}
    some = any(e.kind != "setitem" for e in changes)
    wanted: list[ast.AST] = [n for n in q.nodes(p, ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
    wanted += [n for n in q.nodes(p, ast.Attribute) if n.attr == name and isinstance(n.ctx, ast.Load)]
    late = {id(n) for n in wanted if getattr(n, "lineno", 0) > last}
    for node in q.nodes(p, ast.Subscript):
        fixed = isinstance(node.slice, ast.Constant) and node.slice.value not in keys and not some
        if fixed:
            late.discard(id(node.value))
    return bool(late) and loop.src is p.source


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
