"""Columns of stored records that are taken one by one: ``done = torch.tensor([m[4] for m in batch])``."""

from __future__ import annotations

import ast

from seedbed.doctor.static import syntax


def columns(func: ast.AST) -> list[list[str]]:
    """The names that columns of one list of records get in a function, for each such list.

    A list that is also read with a condition (``[m[3] for m in batch if m[3] is not None]``) is left out: what it
    leaves out may be what a column says.
    """
    found: dict[str, dict[str, str]] = {}
    chosen: set[str] = set()
    for node in syntax.walk(func):
        for loop in getattr(node, "generators", ()):
            if loop.ifs:
                chosen.add(syntax.text(loop.iter))
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            pairs = [(node.targets[0], node.value)]
            if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(node.targets[0].elts, node.value.elts, strict=False))
            for target, value in pairs:
                read = _column(value) if isinstance(target, ast.Name) else None
                if read is not None and isinstance(target, ast.Name):
                    found.setdefault(read[0], {})[read[1]] = target.id
    return [list(c.values()) for records, c in found.items() if records not in chosen]


def _column(value: ast.expr) -> tuple[str, str] | None:
    """The list and the place in its records that a value is made of, when it is made of one such column only."""
    inner = [n for n in syntax.walk(value) if isinstance(n, ast.ListComp | ast.GeneratorExp)]
    if len(inner) == 1 and len(inner[0].generators) == 1:
        loop = inner[0].generators[0]
        if loop.ifs or not isinstance(loop.target, ast.Name):
            return None
        return _one(inner[0].elt, loop.target.id, syntax.text(loop.iter))
    return None


def _one(element: ast.expr, record: str, records: str) -> tuple[str, str] | None:
    """The only item or field of ``record`` that an element reads."""
    uses = [n for n in syntax.walk(element) if isinstance(n, ast.Name) and n.id == record]
    reads = [
        n
        for n in syntax.walk(element)
        if isinstance(n, ast.Subscript | ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == record
    ]
    if len(uses) != 1 or len(reads) != 1:
        return None
    one = reads[0]
    if isinstance(one, ast.Attribute):
        return records, one.attr
    return (records, repr(one.slice.value)) if isinstance(one.slice, ast.Constant) else None
