"""What a program holds that the abstract run never came to: a rule about something absent must not overlook it."""

from __future__ import annotations

import ast

from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program


def calls(p: Program, *names: str) -> bool:
    """Whether ``.name(...)`` stands in code that was not run but may be: a hook, a callback, a method found by name."""
    key = "unseen:" + ",".join(names)
    if key not in p.cache:
        p.cache[key] = _calls(p, frozenset(names))
    found: bool = p.cache[key]
    return found


def _calls(p: Program, names: frozenset[str]) -> bool:
    wanted = [n for n in p.nodes(ast.Call) if isinstance(n.func, ast.Attribute) and n.func.attr in names]
    if not wanted:
        return False
    run = {id(e.node) for e in p.events}
    missed = [n for n in wanted if id(n) not in run]
    return any(_may_run(p, node) for node in missed)


def _may_run(p: Program, node: ast.Call) -> bool:
    """Whether the innermost function around a call is named somewhere, registered, or one that a library calls."""
    inner: ast.AST | None = None
    for func in p.nodes(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda):
        holds = func.lineno <= node.lineno <= (func.end_lineno or 0) and any(part is node for part in syntax.walk(func))
        if holds and (inner is None or func.lineno >= getattr(inner, "lineno", 0)):
            inner = func
    if inner is None:
        return False  # a branch that was left out
    if isinstance(inner, ast.Lambda):
        return True
    name = getattr(inner, "name", "")
    if name.startswith("__") or getattr(inner, "decorator_list", []) or _has_foreign_base(p, inner):
        return True
    if any(isinstance(n, ast.Constant) and n.value == name for n in p.nodes(ast.Constant)):
        return True
    return any(n.id == name for n in p.nodes(ast.Name)) or any(n.attr == name for n in p.nodes(ast.Attribute))


_PLAIN = ("torch.nn", "torch.optim", "torch.utils.data", "builtins.", "abc.", "typing.")


def _has_foreign_base(p: Program, func: ast.AST) -> bool:
    """Whether it is a method of a class whose library base may call it."""
    for cls in p.classes:
        if any(part is func for part in cls.node.body):
            return any(not base.startswith(_PLAIN) for base in cls.lib_bases())
    return False
