"""Meters written as a class: ``sum += value`` beside ``count += n``, and the quotient of both as the average."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_TOTALS = frozenset(["sum", "total", "correct", "hits"])


def meters(p: Program) -> Iterator[tuple[ast.AST, str]]:
    """Sums of batch means that a meter divides by a count of samples."""
    for cls in q.nodes(p, ast.ClassDef):
        methods = [n for n in cls.body if isinstance(n, ast.FunctionDef)]
        quotients = {
            (syntax.text(n.left), other)
            for method in methods
            for n in syntax.walk(method)
            if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div)
            for other in _counts(n.right)
        }
        for method in methods:
            given = [a.arg for a in method.args.args[1:3]]
            if len(given) != 2 or method.name == "__init__":
                continue
            grown = {syntax.text(n.target): n for n in method.body if isinstance(n, ast.AugAssign)}
            sums = [n for n in grown.values() if syntax.text(n.value) == given[0] and isinstance(n.op, ast.Add)]
            counts = {t for t, n in grown.items() if syntax.text(n.value) == given[1] and isinstance(n.op, ast.Add)}
            for found in sums:
                name = syntax.text(found.target)
                if any((name, c) in quotients for c in counts) and _gets_means(p, method.name, given[1]):
                    yield found, f"{name} adds {given[0]} once for {given[1]} samples, but is divided by all samples"


def _counts(node: ast.expr) -> list[str]:
    """The names in a divisor: ``self.n`` of ``max(self.n, 1)``."""
    return [syntax.text(n) for n in syntax.walk(node) if isinstance(n, ast.Attribute)]


def _gets_means(p: Program, method: str, count: str) -> bool:
    """Whether some call hands over the loss of a batch, as it is, with a size; no sum and no product."""
    for call in q.nodes(p, ast.Call):
        if not isinstance(call.func, ast.Attribute) or call.func.attr != method:
            continue
        size = call.args[1] if len(call.args) == 2 else next((k.value for k in call.keywords if k.arg == count), None)
        value = syntax.text(call.args[0]) if call.args else ""
        plain = "loss" in value and not any(sign in value for sign in ("*", "sum", "(len", "size"))
        if size is not None and plain and not isinstance(size, ast.Constant) and not _summed(p, value):
            return True
    return False


def _summed(p: Program, value: str) -> bool:
    """Whether a loss may be a sum over the batch already."""
    name = next(iter(re.findall(r"\w*loss\w*", value)), "")
    texts = [syntax.text(n.value) for n in q.nodes(p, ast.Assign) if name in map(syntax.text, n.targets)]
    return any(sign in text for text in texts for sign in ("sum", "reduction", "*")) or (
        'reduction="sum"' in p.source.text or "reduction='sum'" in p.source.text
    )
