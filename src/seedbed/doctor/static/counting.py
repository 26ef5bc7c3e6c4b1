"""Loops that count by themselves, written over ``range``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import syntax


def rewrite(tree: ast.Module) -> bool:
    """Write ``i = 0; while i < n: ...; i += 1`` as ``for i in range(n): ...`` wherever that is the same.

    Returns:
        Whether the tree was changed.
    """
    lines = syntax.statements(tree)
    changed = False
    if not any(isinstance(n, ast.While) for n in lines):
        return changed
    for scope in [n for n in lines if isinstance(n, (ast.Module, ast.FunctionDef))]:
        for block in list(_blocks(scope)):
            for place, loop in enumerate(block):
                if isinstance(loop, ast.While):
                    made = _counted(scope, block[:place], loop)
                    if made is not None:
                        first, new = made
                        block[place] = new
                        block[block.index(first)] = ast.copy_location(ast.Pass(), first)
                        changed = True
    return changed


def _blocks(scope: ast.AST) -> Iterator[list[ast.stmt]]:
    """The lists of statements of a scope, without those of the functions and classes within."""
    for name in ("body", "orelse", "finalbody", "handlers"):
        part = getattr(scope, name, None)
        if not isinstance(part, list) or not part:
            continue
        if name != "handlers":
            yield part
        for statement in part:
            if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield from _blocks(statement)


def _counted(scope: ast.AST, before: list[ast.stmt], loop: ast.While) -> tuple[ast.stmt, ast.For] | None:
    """Where a loop starts to count, and the same loop over ``range``."""
    test, last = loop.test, loop.body[-1]
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.left, ast.Name) or loop.orelse:
        return None
    name, closed = test.left.id, isinstance(test.ops[0], ast.LtE)
    if not closed and not isinstance(test.ops[0], ast.Lt):
        return None
    if not _up(last, name) or len(loop.body) < 2 or _goes_on(loop.body):
        return None
    first = next((s for s in reversed(before) if _starts(s, name, int(closed))), None)
    if first is None or not _alone(scope, name, first, loop):
        return None
    bound = test.comparators[0]
    if not _fixed(bound, loop):
        return None
    call = ast.Call(ast.Name("range", ast.Load()), [bound], [])
    target = ast.copy_location(ast.Name(name, ast.Store()), test.left)
    for part in (call, call.func):
        ast.copy_location(part, test)
    return first, ast.copy_location(ast.For(target, call, loop.body[:-1], [], None), loop)


def _starts(statement: ast.stmt, name: str, value: int) -> bool:
    """``i = 0``."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return False
    target, start = statement.targets[0], statement.value
    known = isinstance(start, ast.Constant) and type(start.value) is int and start.value == value
    return known and isinstance(target, ast.Name) and target.id == name


def _up(statement: ast.stmt, name: str) -> bool:
    """``i += 1`` or ``i = i + 1``."""
    target: ast.expr
    if isinstance(statement, ast.AugAssign):
        target, step = statement.target, statement.value
        if not isinstance(statement.op, ast.Add):
            return False
    elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.BinOp) and len(statement.targets) == 1:
        target, step = statement.targets[0], statement.value.right
        left = statement.value.left
        if not isinstance(statement.value.op, ast.Add) or not isinstance(left, ast.Name) or left.id != name:
            return False
    else:
        return False
    by_one = isinstance(step, ast.Constant) and type(step.value) is int and step.value == 1
    return by_one and isinstance(target, ast.Name) and target.id == name


def _goes_on(body: list[ast.stmt]) -> bool:
    """Whether ``continue`` leaves out the rest of a round."""
    for statement in body:
        if isinstance(statement, ast.Continue):
            return True
        inner = [] if isinstance(statement, (ast.For, ast.AsyncFor, ast.While)) else list(_blocks(statement))
        if any(_goes_on(block) for block in inner):
            return True
    return False


def _alone(scope: ast.AST, name: str, first: ast.stmt, loop: ast.While) -> bool:
    """Whether a counter is set anew before it is used again, and only counted up in the loop."""
    uses: list[ast.Name] = []
    for node in _own(scope, name):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            if name in node.names:
                return False
        elif isinstance(node, ast.Name) and node.id == name:
            uses.append(node)
    uses.sort(key=lambda n: (n.lineno, n.col_offset))
    start = {id(n) for n in syntax.fresh(first)}
    here = {id(n) for n in syntax.fresh(loop)}
    inside = [n for n in uses if id(n) in here]
    places = [i for i, n in enumerate(uses) if id(n) in start]
    if len(places) != 1 or sum(isinstance(n.ctx, ast.Store) for n in inside) != 1:
        return False
    after = uses[places[0] + 1 :]
    rest = after[len(inside) :]
    return all(id(n) in here for n in after[: len(inside)]) and (not rest or isinstance(rest[0].ctx, ast.Store))


def _own(scope: ast.AST, name: str) -> Iterator[ast.AST]:
    """The nodes of a scope, without functions that have a variable of this name for themselves."""
    for child in ast.iter_child_nodes(scope):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            given = {a.arg for a in syntax.fresh(child.args) if isinstance(a, ast.arg)}
            stored = {n.id for n in syntax.fresh(child) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            shared = {n for g in syntax.fresh(child) if isinstance(g, (ast.Global, ast.Nonlocal)) for n in g.names}
            if name in given | (stored - shared):
                continue
        yield child
        yield from _own(child, name)


def _fixed(bound: ast.expr, loop: ast.While) -> bool:
    """Whether a bound is the same in every round: nothing of it is assigned in the loop, and it calls only ``len``."""
    stored = {n.id for n in syntax.fresh(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, (ast.Store, ast.Del))}
    written = {n.attr for n in syntax.fresh(loop) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}
    grown = {ast.unparse(n.func.value) for n in syntax.fresh(loop)
             if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr in _GROWING}  # fmt: skip
    for part in syntax.fresh(bound):
        if isinstance(part, ast.Name) and part.id in stored:
            return False
        if isinstance(part, ast.Attribute) and part.attr in written:
            return False
        if isinstance(part, ast.Call) and not (ast.unparse(part.func) == "len" and len(part.args) == 1):
            return False
        if isinstance(part, ast.Call) and ast.unparse(part.args[0]) in grown:
            return False
    return True


_GROWING = frozenset(["append", "extend", "pop", "insert", "remove", "clear", "add", "update", "popleft"])
