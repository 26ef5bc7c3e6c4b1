"""Variables that get a fresh start: what is read afterwards is not what was gathered before."""

from __future__ import annotations

import ast

from seedbed.doctor.static import syntax


def begun_anew(home: ast.AST, name: str, line: int, read: ast.AST) -> bool:
    """Whether a variable is assigned anew after a line and before the place where it is read.

    Args:
        home: The function, class or module that both places are in.
        name: The variable as it is written, ``total`` or ``self.total``.
        line: Where it was changed before.
        read: Where it is read.
    """
    block, found = _inner(home, read), False
    while block is not None:
        around = None
        for statement in block:
            if _holds(statement, read):
                around = statement
                break
            found = found or _assigns(statement, name, line, home)
        if found or around is None:
            return found
        block = _inner(around, read)
    return False


def _inner(node: ast.AST, read: ast.AST) -> list[ast.stmt] | None:
    """The list of statements of a node in which another stands."""
    blocks = [getattr(node, part, None) for part in ("body", "orelse", "finalbody")]
    blocks += [h.body for h in getattr(node, "handlers", None) or ()]
    blocks += [c.body for c in getattr(node, "cases", None) or ()]
    for block in blocks:
        if isinstance(block, list) and any(_holds(s, read) for s in block):
            return block
    return None


def _holds(statement: ast.AST, read: ast.AST) -> bool:
    return any(n is read for n in syntax.walk(statement))


def _assigns(statement: ast.AST, name: str, line: int, home: ast.AST) -> bool:
    """Whether something in a statement after a line gives the variable a value that is not made of its old one."""
    return any(_fresh(n, name, home) for n in syntax.walk(statement) if getattr(n, "lineno", 0) > line)


def _fresh(node: ast.AST, name: str, home: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(home, ast.ClassDef):
        methods = [m for m in home.body if isinstance(m, ast.FunctionDef) and m.name == node.func.attr]
        return not node.args and any(_fresh(n, name, m) for m in methods for n in syntax.walk(m))  # self.reset()
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    flat = [e for t in targets for e in (t.elts if isinstance(t, (ast.Tuple, ast.List)) else [t])]
    if not any(syntax.text(t) == name for t in flat):
        return False
    return not any(isinstance(n, ast.expr) and syntax.text(n) == name for n in syntax.walk(node.value))
