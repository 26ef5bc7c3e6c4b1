"""Text and nodes of syntax trees, kept with the node: many rules ask for the same ones."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def text(node: ast.AST) -> str:
    """The code of a node, as ``ast.unparse`` writes it; written once for each node."""
    known: str | None = node.__dict__.get("_text")
    if known is None:
        known = _name(node) or ast.unparse(node)
        node.__dict__["_text"] = known
    return known


def _name(node: ast.AST) -> str:
    """A name or dotted name, ``""`` for anything else: most of what is asked, and ``ast.unparse`` is slow."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = _name(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def known(node: ast.AST, name: str, find: Callable[[], T]) -> T:
    """What ``find`` works out from a node alone; done once for the node, whoever asks."""
    held = node.__dict__
    if name not in held:
        held[name] = find()
    found: T = held[name]
    return found


# Fields that never hold a node, and ``ctx``, which nobody looks for by walking.
_PLAIN = frozenset(["ctx", "id", "attr", "arg", "name", "kind", "type_comment", "module", "asname", "level"])
_PARTS: dict[type, tuple[str, ...]] = {ast.Constant: ()}


def walk(node: ast.AST) -> list[ast.AST]:
    """The node and all below it in the order of ``ast.walk``, without ``ctx``; listed once for each node."""
    known: list[ast.AST] | None = node.__dict__.get("_nodes")
    if known is None:
        known = [node]
        for one in known:  # grows on the way: breadth first
            kind = type(one)
            parts = _PARTS.get(kind)
            if parts is None:
                parts = _PARTS[kind] = tuple(f for f in kind._fields if f not in _PLAIN)
            held = one.__dict__
            for part in parts:
                value = held.get(part)
                if type(value) is list:
                    known += [v for v in value if isinstance(v, ast.AST)]
                elif isinstance(value, ast.AST):
                    known.append(value)
        node.__dict__["_nodes"] = known
    return known


def whole(scope: ast.AST, loop: ast.For) -> ast.For:
    """A loop whose body is one call of a function of the scope, with the body of that function in it."""
    only = loop.body[0].value if len(loop.body) == 1 and isinstance(loop.body[0], ast.Expr) else None
    if not isinstance(only, ast.Call) or not isinstance(only.func, ast.Name):
        return loop
    made = [f for f in walk(scope) if isinstance(f, ast.FunctionDef) and f.name == only.func.id]
    if len(made) != 1 or [a.arg for a in made[0].args.args] != [text(a) for a in only.args] or only.keywords:
        return loop
    return ast.copy_location(ast.For(loop.target, loop.iter, made[0].body, loop.orelse), loop)
