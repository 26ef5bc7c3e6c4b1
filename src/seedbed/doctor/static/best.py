"""Keeping the best: which branch is taken when the score is better than before, and which files are the same."""

from __future__ import annotations

import ast

from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event
from seedbed.doctor.static.values import Val

_BEST = frozenset(["best", "lowest", "highest", "min", "max", "top", "record"])
_FLAGS = frozenset(["best", "improved", "better", "improvement", "improves"])
_PATHS = frozenset(["join", "joinpath", "div", "add", "Path", "str", "with_name", "with_suffix", "format", "parent"])


def when_better(event: Event) -> bool:
    """Whether an event stands under a comparison with the best score so far, or a flag that tells of one."""
    for node, arm, _ in event.conds:
        test = getattr(node, "test", None)
        if test is None or (arm != 0 and not _counts(node)):
            continue
        names = {w for n in syntax.walk(test) if isinstance(n, (ast.Name, ast.Attribute)) for w in _words(n)}
        compared = any(isinstance(n, ast.Compare) for n in syntax.walk(test))
        if (compared and names & _BEST) or (isinstance(test, (ast.Name, ast.Attribute)) and names & _FLAGS):
            return True
    return False


def _counts(node: ast.AST) -> bool:
    """Whether the first arm of a branch counts the bad epochs, so that the other one is taken when it is better."""
    return any(isinstance(s, ast.AugAssign) and isinstance(s.op, ast.Add) for s in getattr(node, "body", []))


def _words(node: ast.Name | ast.Attribute) -> tuple[str, ...]:
    return words(node.id if isinstance(node, ast.Name) else node.attr)


def path_key(val: Val, depth: int = 0) -> object:
    """The same for two paths that are made in the same way from the same parts."""
    if val.kind == "const":
        return val.const
    if val.kind == "phi":
        keys = {path_key(o, depth + 1) for o in val.options()} if depth < 6 else set()
        return keys.pop() if len(keys) == 1 else id(val)
    if depth > 6:
        return id(val)
    if val.name == "fstring" and isinstance(val.node, ast.JoinedStr):
        inner = iter(val.args)
        return tuple(
            part.value if isinstance(part, ast.Constant) else path_key(next(inner, val), depth + 1)
            for part in val.node.values
        )
    if val.name in _PATHS and val.args and val.kind != "const":
        return (val.name, *(path_key(a, depth + 1) for a in val.args))
    return id(val)


def readable(val: Val) -> str:
    """The words of a path, as far as they are written in the program."""
    if val.kind == "const":
        return str(val.const)
    if isinstance(val.node, ast.JoinedStr):
        return "".join(str(p.value) for p in val.node.values if isinstance(p, ast.Constant))
    return " ".join(readable(a) for a in (val.args if val.kind != "phi" else val.args[:1]) if a.kind != "number")
