"""What is built piece by piece: layers in loops and under conditions, tensors that are written into."""

from __future__ import annotations

import ast
from itertools import pairwise

from seedbed.doctor.static import syntax
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Val, const

_MOST = 8  # rounds: deeper stacks repeat what the first rounds show
_MOST_ROWS = 16  # where a plan is written out, each row says for itself what layer it is
_ADDS = frozenset(["append", "add_module", "extend", "insert"])
_FRESH = frozenset(["zeros", "empty", "ones", "zeros_like", "empty_like", "ones_like", "new_zeros", "new_empty"])


def rounds(run: Machine, node: ast.For | ast.AsyncFor, over: Val) -> list[Val] | None:
    """What each round of a loop that builds layers gets, where all of it is known."""
    if run.forward_depth:
        return None
    if _models(over) and _groups(node):
        return list(over.items or ())
    if not _builds(node):
        return None
    found = _listed(run, over, node)
    return found if found is not None and 1 <= len(found) <= _MOST_ROWS else None


def _models(over: Val) -> bool:
    """Whether a loop runs over a few models that are written out one by one."""
    items = over.items or []
    known = over.kind in ("list", "tuple") and not over.tags & {"each", "grown", "maybe", "repeat"}
    return known and 2 <= len({id(i) for i in items}) == len(items) <= 4 and all(i.kind == "module" for i in items)


def _groups(node: ast.For | ast.AsyncFor) -> bool:
    """Whether each round writes a parameter group of an optimizer: what it says may depend on whose turn it is."""
    parts = [n for s in node.body for n in syntax.walk(s)]
    keys = [k for n in parts if isinstance(n, ast.Dict) for k in n.keys if isinstance(k, ast.Constant)]
    words = [k for n in parts if isinstance(n, ast.Call) and syntax.text(n.func) == "dict" for k in n.keywords]
    return any(k.value == "params" for k in keys) or any(k.arg == "params" for k in words)


def turn(run: Machine, left: Val, right: Val) -> bool | None:
    """``part is body`` in a loop over models that is read one by one: whether it is the turn of that one."""
    if left.kind != "module" or right.kind != "module":
        return None
    for frame in run.loops:
        items = {id(i) for i in (frame.over.items or ())} if frame.over is not None else set()
        if frame.exact and {id(left), id(right)} <= items:
            return left is right
    return None


def _builds(node: ast.For | ast.AsyncFor) -> bool:
    """Whether the body puts new layers into a list or a container."""
    known: bool | None = node.__dict__.get("_builds_layers")
    if known is None:
        calls = [n for s in node.body for n in syntax.walk(s) if isinstance(n, ast.Call)]
        names = [n.func.attr if isinstance(n.func, ast.Attribute) else getattr(n.func, "id", "") for n in calls]
        grows = any(n in _ADDS for n in names) or any(
            isinstance(n, ast.AugAssign) and isinstance(n.value, (ast.List, ast.Tuple))
            for s in node.body
            for n in syntax.walk(s)
        )
        known = grows and any(n[:1].isupper() for n in names) and "backward" not in names
        node.__dict__["_builds_layers"] = known
    return known


def _listed(run: Machine, over: Val, node: ast.AST) -> list[Val] | None:
    """The items of a sequence whose length and numbers are known."""
    if over.kind in ("list", "tuple"):
        fixed = over.items and not over.tags & {"each", "grown", "maybe"}
        return list(over.items or ()) if fixed and all(_plain(i) for i in over.items or ()) else None
    if over.kind == "unknown" and over.name == "pairwise" and len(over.args) == 1:
        ends = _listed(run, over.args[0], node)
        return [_row(run, node, [a, b]) for a, b in pairwise(ends)] if ends is not None else None
    if over.kind != "iter":
        return None
    if over.name == "range":
        bounds = [a.const for a in over.args]
        if not 1 <= len(bounds) <= 3 or any(type(e) is not int for e in bounds) or bounds[2:] == [0]:
            return None
        numbers = range(*bounds)
        return [const(i, node, run.src) for i in numbers] if len(numbers) <= _MOST else None
    parts = [_listed(run, a, node) for a in over.args[: 1 if over.name == "enumerate" else 4]]
    if not parts or any(p is None for p in parts):
        return None
    rows = [p for p in parts if p is not None]
    if over.name == "reversed":
        return rows[0][::-1]
    if over.name == "zip":
        return [_row(run, node, list(row)) for row in zip(*rows, strict=False)]
    if over.name == "enumerate":
        start = over.arg(1, "start")
        first = 0 if start is None else start.const
        if type(first) is int:
            return [_row(run, node, [const(first + i, node, run.src), one]) for i, one in enumerate(rows[0])]
    return None


def _plain(val: Val) -> bool:
    """Whether a value is a number, a word or a row of such."""
    return val.kind == "const" or (
        val.kind in ("tuple", "list") and bool(val.items) and all(_plain(i) for i in val.items or ())
    )


def _row(run: Machine, node: ast.AST, items: list[Val]) -> Val:
    made = Val("tuple", "pair", node, run.src)
    made.items = items
    return made


def length(val: Val) -> int | None:
    """How long a written list of sizes is: it is not one that grows while the program runs."""
    if val.kind != "list" or not val.items or len(val.items) < 2 or val.tags & {"each", "grown", "repeat", "maybe"}:
        return None
    return len(val.items) if all(_plain(i) and type(i.const) is not str for i in val.items) else None


def arm(run: Machine, held: Val) -> str:
    """The branch in which something is put into a list that is older than the branch, ``""`` where there is none."""
    body = run.funcs[-1].node if run.funcs else None
    if run.funcs and run.funcs[-1].src is not run.src:
        return ""
    first, last = (body.lineno, body.end_lineno or body.lineno) if body is not None else (0, 1 << 30)
    way: list[str] = []
    key = 0
    for cond, number, _ in run.conds:
        low, high = getattr(cond, "lineno", 0), getattr(cond, "end_lineno", 0) or 0
        own = isinstance(cond, (ast.If, ast.IfExp)) and first <= low <= last
        if own and not (held.src is run.src and low <= held.line <= high):
            key = key or id(cond)
            way.append(str(number))
    return f"arm {key} {'.'.join(way)}" if key else ""


def mark(run: Machine, held: Val, layer: Val) -> None:
    """Note on a layer that it may be missing from the list: it was put in under an open condition."""
    under = arm(run, held) if layer.kind == "module" else ""
    if under:
        layer.tags.add(under)
        held.tags.add("maybe")


def arm_of(layer: Val) -> tuple[str, str] | None:
    """The branch under which a layer was put in: the condition and its arm."""
    for tag in layer.tags:
        if tag.startswith("arm "):
            _, cond, number = tag.split(" ")
            return cond, number
    return None


def write(run: Machine, base: Val, args: tuple[Val, ...]) -> None:
    """What is written into a fresh tensor in place: it is then made of that, and a gradient flows back through it."""
    new = tuple(a for a in args if a.grad and a.kind == "tensor" and a is not base)
    if new and run.grads[-1] and base.kind == "tensor" and base.name in _FRESH and len(base.args) < 12:
        base.args, base.grad = (*base.args, *new), True
        base.tags.add("written")


def named(val: Val) -> dict[str, Val]:
    """What ``dict(pairs)`` holds: pairs of a name and a value, written out or made one by one.

    A name that is not known stands for all of them (``"*"``).
    """
    if val.kind in ("dict", "module"):
        return dict(val.attrs)
    found: dict[str, Val] = {}
    if val.kind == "iter" and val.name == "zip" and len(val.args) == 2:
        keys, held = val.args
        if keys.items and held.items and len(keys.items) == len(held.items) and not (keys.tags | held.tags) & _MANY:
            return {str(k.const): v for k, v in zip(keys.items, held.items, strict=True)}
        return {"*": held.items[0]} if held.items else {}
    if val.kind not in ("list", "tuple", "iter"):
        return {}
    for pair in val.items or ():
        if pair.kind not in ("tuple", "list") or pair.items is None or len(pair.items) != 2:
            return {}
        key = pair.items[0].const
        found[key if isinstance(key, str) else "*"] = pair.items[1]
    return found


_MANY = frozenset(["each", "grown", "repeat"])
