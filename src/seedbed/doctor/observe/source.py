"""Look things up in the user's source: the loop around a line, the call that must be the cause."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence
from typing import Any

from seedbed.doctor.observe.site import Site, enclosing_loops, parse_file


def call_name(node: ast.AST) -> str:
    """Return the last name of a called function, ``F.softmax(x)`` → ``"softmax"``."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def find_calls(file: str, names: Sequence[str]) -> list[int]:
    """Return the lines that call one of ``names``, in order."""
    tree = parse_file(file)
    if tree is None:
        return []
    return sorted({node.lineno for node in ast.walk(tree) if call_name(node) in names})  # type: ignore[attr-defined]


def only_call(site: Site | None, names: Sequence[str]) -> Site | None:
    """Return the one line of the file that calls one of ``names``, or ``site`` when there is not exactly one."""
    if site is None:
        return None
    lines = find_calls(site.file, names)
    return Site(site.file, lines[0]) if len(lines) == 1 else site


def last_call(site: Site | None, names: Sequence[str]) -> Site | None:
    """Return the last line above ``site`` (or of the file) that calls one of ``names``, else ``site`` itself."""
    if site is None:
        return None
    lines = find_calls(site.file, names)
    above = [line for line in lines if line <= site.line] or lines
    return Site(site.file, above[-1]) if above else site


def assigned_at(file: str, attribute: str) -> int:
    """Return the first line that assigns to ``….attribute``, 0 when there is none."""
    tree = parse_file(file)
    for node in ast.walk(tree) if tree else ():
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr == attribute:
                return int(getattr(node, "lineno", 0))
    return 0


def _compound(where: Site) -> Iterator[ast.stmt]:
    tree = parse_file(where.file)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.For | ast.With | ast.While) and node.lineno <= where.line <= (node.end_lineno or 0):
            yield node


def start_of_pass(where: Site, avoid: Sequence[Site | None]) -> Site:
    """Return the head of the outermost loop or ``with`` around a line that holds none of the lines to avoid."""
    heads = [
        node.lineno
        for node in _compound(where)
        if not any(
            s is not None and s.file == where.file and node.lineno <= s.line <= (node.end_lineno or 0) for s in avoid
        )
    ]
    return Site(where.file, min(heads), where.function) if heads else where


def keeper_line(where: Site, words: Sequence[str]) -> Site:
    """Return the line in the loops around ``where`` whose call or ``+=`` keeps a value, else ``where``."""
    for loop in enclosing_loops(where)[:2]:
        for node in ast.walk(loop):
            held = ast.unparse(node) if isinstance(node, ast.Call | ast.AugAssign | ast.Assign) else ""
            if not held or any(w in held for w in (".item()", "float(", ".detach()")):
                continue
            kept = isinstance(node, ast.AugAssign) or call_name(node) in ("append", "extend")
            grows = isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp | ast.List)
            same = grows and ast.unparse(node.targets[0]) in ast.unparse(node.value)  # type: ignore[attr-defined]
            if (kept or same) and any(w in held for w in words):
                return Site(where.file, getattr(node, "lineno", where.line), where.function)
    return where


def is_in_modulo_branch(where: Site) -> bool:
    """Say whether a line stands under an ``if`` whose test has a remainder (``(i + 1) % 4 == 0``)."""
    tree = parse_file(where.file)
    for node in ast.walk(tree) if tree else ():
        inside = isinstance(node, ast.If) and node.lineno <= where.line <= (node.end_lineno or 0)
        if inside and any(isinstance(part, ast.Mod) for part in ast.walk(node.test)):  # type: ignore[attr-defined]
            return True
    return False


def line_in(thing: Any, words: Sequence[str]) -> Site | None:
    """Return the first line of a function's or class's source that holds one of ``words``."""
    try:
        lines, start = inspect.getsourcelines(thing)
        file = inspect.getsourcefile(thing) or ""
    except (OSError, TypeError):
        return None
    for offset, text in enumerate(lines):
        if any(word in text for word in words):
            return Site(file, start + offset)
    return None


def break_line(loop_site: Site) -> Site | None:
    """Return the ``break`` that belongs to the loop that starts at or around a line, if there is one."""
    for loop in enclosing_loops(loop_site)[:1]:
        for node in _own_breaks(loop.body):
            return Site(loop_site.file, node.lineno, loop_site.function)
    return None


def _own_breaks(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.Break | ast.Return):
            yield node
        elif isinstance(node, ast.If | ast.With | ast.Try):
            for part in ("body", "orelse", "finalbody"):
                yield from _own_breaks(getattr(node, part, []))
