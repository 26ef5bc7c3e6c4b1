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
        if arm == 0 and isinstance(node, ast.If) and records(node):
            return True
    return False


def records(node: ast.If) -> bool:
    """Whether the branch stores the score that won as the one to beat: ``if v < low: low = v``."""
    tests = node.test.values if isinstance(node.test, ast.BoolOp) else [node.test]
    for test in tests:
        if not isinstance(test, ast.Compare) or len(test.ops) != 1:
            continue
        if not isinstance(test.ops[0], (ast.Lt, ast.Gt, ast.LtE, ast.GtE)):
            continue
        sides = {syntax.text(test.left), syntax.text(test.comparators[0])}
        for stored in (s for s in node.body if isinstance(s, ast.Assign)):
            for target in stored.targets:
                pairs: list[tuple[ast.expr | str, ast.expr]] = [(target, stored.value)]
                if isinstance(target, ast.Tuple) and isinstance(stored.value, ast.Tuple):
                    pairs = list(zip(target.elts, stored.value.elts, strict=False))
                pairs += _parts(target, stored.value)
                if any({_text(a), syntax.text(b)} == sides for a, b in pairs):
                    return True
    return False


def _parts(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr | str, ast.expr]]:
    """The places of a tuple or table that is stored as a whole: ``top = (score, net)`` writes ``top[0]``."""
    name = syntax.text(target)
    if isinstance(value, ast.Tuple | ast.List):
        return [(f"{name}[{at}]", part) for at, part in enumerate(value.elts)]
    if isinstance(value, ast.Dict):
        return [(f"{name}[{syntax.text(k)}]", part) for k, part in zip(value.keys, value.values, strict=True) if k]
    if isinstance(value, ast.Call) and syntax.text(value.func) == "dict":
        return [(f"{name}[{k.arg!r}]", k.value) for k in value.keywords if k.arg]
    return []


def _text(place: ast.expr | str) -> str:
    return place if isinstance(place, str) else syntax.text(place)


def _counts(node: ast.AST) -> bool:
    """Whether the first arm of a branch counts the bad epochs, so that the other one is taken when it is better."""
    body = node.body if isinstance(node, ast.If) else []  # of `a if b else c` it is an expression
    return any(isinstance(s, ast.AugAssign) and isinstance(s.op, ast.Add) for s in body)


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
