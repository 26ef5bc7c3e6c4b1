"""One way of writing: what is done for every key of a small dictionary that is written down, said for each of them.

``{k: v / n for k, v in sums.items()}`` beside ``sums = {"loss": 0.0, "hits": 0}`` is ``{"loss": sums["loss"] / n,
"hits": sums["hits"] / n}``, and so is a loop of one assignment. Where keys may be added it stays as it is.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.static import syntax

_MOST = 6
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_VIEWS = ("items", "keys", "values")
Over = tuple[str, str, str | None]  # the dictionary, the name for its key, the name for its value


def rewrite(tree: ast.Module, nodes: list[ast.AST] | None = None) -> ast.Module:
    """The same program with such comprehensions and loops written out; the tree is changed in place.

    Args:
        tree: The program.
        nodes: All nodes of it where they are known, as ``syntax.fresh`` lists them.
    """
    nodes = syntax.fresh(tree) if nodes is None else nodes
    if not any(_over(one) for one in nodes if isinstance(one, (ast.DictComp, ast.For))):
        return tree
    scopes: list[ast.Module | ast.FunctionDef] = [tree, *(n for n in nodes if isinstance(n, ast.FunctionDef))]
    for scope in scopes:
        known = _dictionaries(scope)
        if known:
            change = _WriteOut(known)
            scope.body = [made for statement in scope.body for made in change.each(statement)]
    return tree


def _over(node: ast.DictComp | ast.For) -> Over | None:
    """What such a comprehension or loop goes over, where it is one dictionary by its name, and its names stay."""
    found = _named(node)
    if found is None:
        return None
    body = [node.key, node.value] if isinstance(node, ast.DictComp) else node.body
    bound = {n.id for part in body for n in syntax.fresh(part) if isinstance(n, ast.Name) and _is_bound(n)}
    return None if bound & {found[1], found[2]} else found


def _is_bound(name: ast.Name) -> bool:
    return not isinstance(name.ctx, ast.Load)


def _named(node: ast.DictComp | ast.For) -> Over | None:
    if isinstance(node, ast.DictComp):
        if len(node.generators) != 1 or node.generators[0].ifs:
            return None
        over, target = node.generators[0].iter, node.generators[0].target
    else:
        if node.orelse or len(node.body) != 1 or not isinstance(node.body[0], (ast.Assign, ast.AugAssign)):
            return None
        over, target = node.iter, node.target
    if isinstance(over, ast.Name) and isinstance(target, ast.Name):
        return over.id, target.id, None
    if not (isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute) and not over.args):
        return None
    box, pair = over.func.value, target.elts if isinstance(target, ast.Tuple) else []
    if not isinstance(box, ast.Name):
        return None
    if over.func.attr == "keys" and isinstance(target, ast.Name):
        return box.id, target.id, None
    if over.func.attr == "items" and len(pair) == 2 and isinstance(pair[0], ast.Name) and isinstance(pair[1], ast.Name):
        return box.id, pair[0].id, pair[1].id
    return None


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, those of functions and classes in it left out."""
    stack = list(ast.iter_child_nodes(scope))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, _SCOPES):
            stack += ast.iter_child_nodes(node)


def _dictionaries(scope: ast.Module | ast.FunctionDef) -> dict[str, list[str]]:
    """The keys of the dictionaries of a scope that are written down once and get no others."""
    found: dict[str, list[str]] = {}
    stores: dict[str, int] = {}
    for node in _own(scope):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            stores[node.id] = stores.get(node.id, 0) + 1
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            keys = _written_keys(node.value)
            if keys:
                found[node.targets[0].id] = keys
    return {n: k for n, k in found.items() if stores.get(n) == 1 and _only_read_by_key(scope, n, k)}


def _written_keys(node: ast.expr) -> list[str]:
    if not isinstance(node, ast.Dict) or not 1 < len(node.keys) <= _MOST:
        return []
    if not all(isinstance(v, ast.Constant) and isinstance(v.value, (int, float)) for v in node.values):
        return []  # sums and counts
    keys = [k.value for k in node.keys if isinstance(k, ast.Constant) and isinstance(k.value, str)]
    return keys if len(keys) == len(node.keys) else []


def _only_read_by_key(scope: ast.AST, name: str, keys: list[str]) -> bool:
    """Whether nothing happens to a dictionary but that its keys are read and written, and that it is given back."""
    uses = 0
    for node in _own(scope):
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.Name) or child.id != name or not isinstance(child.ctx, ast.Load):
                continue
            uses += 1
            if isinstance(node, ast.Subscript) and node.value is child:
                key = node.slice
                written = isinstance(key, ast.Constant) and key.value in keys
                if not written and not isinstance(node.ctx, ast.Load) and not _is_key_of(scope, key, name):
                    return False
            elif isinstance(node, ast.Attribute):
                if node.attr not in _VIEWS:
                    return False
            elif not isinstance(node, (ast.Return, ast.For, ast.comprehension, ast.FormattedValue)):
                return False
    everywhere = sum(isinstance(n, ast.Name) and n.id == name for n in syntax.fresh(scope))
    return everywhere == uses + 1  # no function in it uses the name


def _is_key_of(scope: ast.AST, key: ast.expr, name: str) -> bool:
    """Whether a name is the key in a loop over that very dictionary."""
    loops = [_over(n) for n in _own(scope) if isinstance(n, ast.For)]
    return isinstance(key, ast.Name) and any(o is not None and o[0] == name and o[1] == key.id for o in loops)


class _WriteOut(syntax.Rewriter):
    """Writes out what goes over one of the known dictionaries."""

    def __init__(self, known: dict[str, list[str]]) -> None:
        self.known = known

    def each(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements in the place of one."""
        made = self.visit(statement)
        return made if isinstance(made, list) else [made]

    def visit(self, node: ast.AST) -> Any:
        """A function or a class has names of its own."""
        return node if isinstance(node, _SCOPES) else super().visit(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        """A comprehension, key by key."""
        self.generic_visit(node)
        over = _over(node)
        if over is None or over[0] not in self.known:
            return node
        keys = [_said(node.key, over, key) for key in self.known[over[0]]]
        values = [_said(node.value, over, key) for key in self.known[over[0]]]
        return ast.copy_location(ast.Dict(list[ast.expr | None](keys), values), node)

    def visit_For(self, node: ast.For) -> ast.AST | list[ast.stmt]:
        """A loop of one assignment, key by key."""
        self.generic_visit(node)
        over = _over(node)
        if over is None or over[0] not in self.known:
            return node
        return [_said(node.body[0], over, key) for key in self.known[over[0]]]


def _said(node: Any, over: Over, key: str) -> Any:
    """A copy of a node with the key, and the value that belongs to it, in the places of their names."""
    return _Say(over, key).visit(copy.deepcopy(node))


class _Say(ast.NodeTransformer):
    def __init__(self, over: Over, key: str) -> None:
        self.over, self.key = over, key

    def visit_Name(self, node: ast.Name) -> ast.AST:
        box, key, value = self.over
        if node.id == key:
            return ast.copy_location(ast.Constant(self.key), node)
        if node.id != value or not isinstance(node.ctx, ast.Load):
            return node
        name, said = ast.Name(box, ast.Load()), ast.Constant(self.key)
        made = ast.Subscript(name, said, ast.Load())
        for part in (name, said, made):
            ast.copy_location(part, node)
        return made
