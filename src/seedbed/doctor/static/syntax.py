"""Text and nodes of syntax trees, kept with the node: many rules ask for the same ones."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def text(node: ast.AST) -> str:
    """The code of a node, as ``ast.unparse`` writes it; written once for each node."""
    known: str | None = node.__dict__.get("_text")
    if known is None:
        known = name(node) or ast.unparse(node)
        node.__dict__["_text"] = known
    return known


def name(node: ast.AST) -> str:
    """A name or dotted name, ``""`` for anything else: most of what is asked, and ``ast.unparse`` is slow."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = name(node.value)
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
_LEAVES = frozenset([ast.Name, ast.Constant])  # more than half of all nodes


def walk(node: ast.AST) -> list[ast.AST]:
    """The node and all below it in the order of ``ast.walk``, without ``ctx``; listed once for each node."""
    known: list[ast.AST] | None = node.__dict__.get("_nodes")
    if known is None:
        known = node.__dict__["_nodes"] = [node]
        for one in known:  # grows on the way: breadth first
            if type(one) in _LEAVES:
                continue
            below = one.__dict__.get("_below")
            if below is None:
                below = one.__dict__["_below"] = _below(one)
            known += below
    return known


def below(node: ast.AST, *types: type) -> list[Any]:
    """Of ``walk`` the nodes of these types, type by type; sorted once for each node, for the large ones."""
    table: dict[type, list[ast.AST]] | None = node.__dict__.get("_by_type")
    if table is None:
        table = node.__dict__["_by_type"] = {}
        for one in walk(node):
            table.setdefault(type(one), []).append(one)
    return [n for kind in types for n in table.get(kind, ())]


def fresh(node: ast.AST) -> list[ast.AST]:
    """The same, listed anew: while the tree is still being rewritten."""
    found = [node]
    for one in found:  # grows on the way: breadth first
        if type(one) not in _LEAVES:
            found += _below(one)
    return found


def _below(node: ast.AST) -> Sequence[ast.AST]:
    """The nodes right below a node."""
    kind = type(node)
    parts = _PARTS.get(kind)
    if parts is None:
        parts = _parts(kind)
    if not parts:
        return ()
    held = node.__dict__
    found: list[ast.AST] = []
    for part in parts:
        value = held.get(part)
        if type(value) is list:
            found += [v for v in value if isinstance(v, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def _parts(kind: type) -> tuple[str, ...]:
    """The fields of a type of nodes that can hold nodes."""
    found = _PARTS[kind] = tuple(f for f in getattr(kind, "_fields", ()) if f not in _PLAIN)
    return found


# The fields that hold statements, in the order of ``_fields``.
_BLOCKS: dict[type, tuple[str, ...]] = {}
_HELD = frozenset(["body", "handlers", "orelse", "finalbody", "cases"])


def statements(tree: ast.AST) -> list[ast.AST]:
    """Of ``fresh`` the statements (with handlers and cases), which are found without a look at expressions."""
    found = [tree]
    for one in found:
        kind = type(one)
        names = _BLOCKS.get(kind)
        if names is None:
            names = _BLOCKS[kind] = tuple(f for f in kind._fields if f in _HELD)
        for name in names:
            block = getattr(one, name)
            if type(block) is list:
                found += block
    return found


class Rewriter(ast.NodeTransformer):
    """``ast.NodeTransformer`` that goes by nodes without parts (and ``ctx``), unless there is a method for them."""

    def visit(self, node: ast.AST) -> Any:
        """What stands in the place of a node: the node, another one, several or ``None``."""
        kind = type(node)
        if kind is ast.Constant:
            return node
        method = getattr(self, f"visit_{kind.__name__}", None)
        return self.generic_visit(node) if method is None else method(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """The node, with its parts visited."""
        kind, held = type(node), node.__dict__
        parts = _PARTS.get(kind)
        for part in _parts(kind) if parts is None else parts:
            old = held.get(part)
            if type(old) is list:
                new: list[Any] = []
                for one in old:
                    made = self.visit(one) if isinstance(one, ast.AST) else one
                    if made is one or isinstance(made, ast.AST):
                        new.append(made)
                    elif made is not None:
                        new.extend(made)
                old[:] = new
            elif isinstance(old, ast.AST):
                made = self.visit(old)
                if made is None:
                    delattr(node, part)
                elif made is not old:
                    setattr(node, part, made)
        return node


def whole(scope: ast.AST, loop: ast.For) -> ast.For:
    """A loop whose body is one call of a function of the scope, with the body of that function in it."""
    only = loop.body[0].value if len(loop.body) == 1 and isinstance(loop.body[0], ast.Expr) else None
    if not isinstance(only, ast.Call) or not isinstance(only.func, ast.Name):
        return loop
    made = [f for f in walk(scope) if isinstance(f, ast.FunctionDef) and f.name == only.func.id]
    if len(made) != 1 or [a.arg for a in made[0].args.args] != [text(a) for a in only.args] or only.keywords:
        return loop
    return ast.copy_location(ast.For(loop.target, loop.iter, made[0].body, loop.orelse), loop)
