"""Random picks that only choose what is drawn on the screen: nothing that is computed depends on them."""

from __future__ import annotations

import ast
import re

from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program

_PICKS = frozenset(["sample", "choice", "choices", "randint", "randrange"])
_SHOWS = re.compile(r"plot|show|hist|scatter|display|visuali[sz]e|draw_")
_WORKS = re.compile(
    r"backward|step|train|fit|append|extend|update|save|load|split|subset|dataset|return|yield|dump|_$", re.I
)


def picks(p: Program, event: Event) -> bool:
    """Whether a random number or sample is used in plots only, as far as the statements beside it tell."""
    if event.src is not p.source or event.node is None or event.name.rsplit(".", 1)[-1] not in _PICKS:
        return False
    body = _body(p, event.node)
    own = next((s for s in body if _holds(s, event.node)), None)
    if own is None:
        return False
    if not isinstance(own, ast.Assign):
        return _shows(own, body)
    names = {n.id for t in own.targets for n in syntax.walk(t) if isinstance(n, ast.Name)}
    readers = [s for s in body if s is not own and names & _names(s, ast.Load)]
    told = [s for s in readers if not _prints(s)]
    return bool(told) and all(_shows(s, body) for s in told)


def _body(p: Program, node: ast.AST) -> list[ast.stmt]:
    """The statements of the function, or of the file, that a node stands in."""
    inside = [f for f in p.nodes(ast.FunctionDef) if _holds(f, node)]
    return inside[-1].body if inside else p.source.tree.body


def _holds(statement: ast.AST, node: ast.AST) -> bool:
    return any(n is node for n in syntax.walk(statement))


def _names(statement: ast.AST, use: type[ast.expr_context]) -> set[str]:
    return {n.id for n in syntax.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, use)}


def _prints(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and syntax.text(call.func) == "print"


def _shows(statement: ast.stmt, body: list[ast.stmt]) -> bool:
    """Whether a statement draws something, and leaves nothing behind that others read."""
    drawn = False
    for node in syntax.walk(statement):
        if isinstance(node, (ast.Return, ast.Yield, ast.AugAssign, ast.FunctionDef, ast.Lambda, ast.Delete)):
            return False
        if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
            return False
        if isinstance(node, ast.Assign) and _names(node.value, ast.Load) & _names(node, ast.Store):
            return False
        if isinstance(node, ast.Call):
            name = syntax.text(node.func).rsplit(".", 1)[-1]
            drawn = drawn or bool(_SHOWS.search(name))
            if _WORKS.search(name) and not _SHOWS.search(name):
                return False
    left = _names(statement, ast.Store)
    others = body[body.index(statement) + 1 :]
    return drawn and not any(left & _names(s, ast.Load) - _own(s) for s in others)


def _own(statement: ast.stmt) -> set[str]:
    """The names that a statement sets itself: targets, and what its functions are given."""
    return _names(statement, ast.Store) | {n.arg for n in syntax.walk(statement) if isinstance(n, ast.arg)}
