"""Loops that hand an event on: over the functions or observers of a list, each of which is called once."""

from __future__ import annotations

import ast

from seedbed.doctor.static import syntax
from seedbed.doctor.static.values import Val

_MOST = 8
_CALLED = frozenset(["func", "method", "partial", "instance"])


def handlers(node: ast.For | ast.AsyncFor, over: Val) -> list[Val] | None:
    """Functions or objects of the program in a known list, each of which a loop calls once: ``for f in hooks: f()``."""
    if over.kind not in ("list", "tuple") or not over.items or over.tags & {"each", "grown", "repeat", "maybe"}:
        return None
    if not isinstance(node.target, ast.Name) or len(over.items) > _MOST or node.orelse:
        return None
    if any(i.kind not in _CALLED or (i.kind == "instance" and i.owner is None) for i in over.items):
        return None
    leaves = (ast.Break, ast.Continue, ast.Return, ast.Raise)
    return None if any(isinstance(n, leaves) for s in node.body for n in syntax.walk(s)) else list(over.items)
