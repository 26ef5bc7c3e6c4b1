"""Variables that get a fresh start: what is read afterwards is not what was gathered before."""

from __future__ import annotations

import ast

from seedbed.doctor.static import syntax


def begun_anew(home: ast.AST, name: str, line: int, read: ast.AST) -> bool:
    """Whether a variable is surely assigned anew after a line and before the place where it is read.

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
            found = found or _assigns(statement, name, line)
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


def _assigns(statement: ast.stmt, name: str, line: int) -> bool:
    """Whether a statement, where it runs, gives the variable a value that is not made of its old one."""
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        return any(_assigns(s, name, line) for s in statement.body)
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None or statement.lineno <= line:
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    flat = [e for t in targets for e in (t.elts if isinstance(t, (ast.Tuple, ast.List)) else [t])]
    if not any(syntax.text(t) == name for t in flat):
        return False
    return not any(isinstance(n, ast.expr) and syntax.text(n) == name for n in syntax.walk(statement.value))
