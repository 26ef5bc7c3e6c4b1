"""Options of the command line that no code reads: whatever they say changes nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_PARSE = ("parse_args", "parse_known_args")


def unread(p: Program, node: ast.Call, words: dict[str, ast.expr]) -> bool:
    """Whether the value of this option is read nowhere, and the options are handed to nobody who might read it."""
    spaces = _spaces(p)
    name = _name(node, words)
    if not spaces or not name or _escape(p, spaces):
        return False
    if any(n.attr == name for n in p.nodes(ast.Attribute)):
        return False
    if any(n.id == name and isinstance(n.ctx, ast.Load) for n in p.nodes(ast.Name)):
        return False
    own = {id(n) for n in syntax.walk(node)}
    return not any(n.value == name and id(n) not in own for n in p.nodes(ast.Constant))


def _name(node: ast.Call, words: dict[str, ast.expr]) -> str:
    """The attribute that an option sets."""
    if "dest" in words:
        return str(getattr(words["dest"], "value", ""))
    flags = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    long = next((f for f in flags if f.startswith("--")), flags[0] if flags else "")
    return long.lstrip("-").replace("-", "_")


def _spaces(p: Program) -> set[str]:
    """The names that hold what the command line said, in this file."""
    calls = set(_PARSE)
    calls |= {f.name for f in p.nodes(ast.FunctionDef) if any(_gives(n) for n in syntax.walk(f)) and _returns(f)}
    found: set[str] = set()
    for part in p.nodes(ast.Assign):
        if isinstance(part.value, ast.Call) and syntax.text(part.value.func).rsplit(".", 1)[-1] in calls:
            for target in part.targets:
                first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
                found.add(syntax.text(first))
    return found


def _gives(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and syntax.text(node.func).rsplit(".", 1)[-1] in _PARSE


def _returns(func: ast.FunctionDef) -> bool:
    return any(isinstance(n, ast.Return) and n.value is not None for n in syntax.walk(func))


def _escape(p: Program, spaces: set[str]) -> bool:
    """Whether the options as a whole go where their reader is not seen."""
    if any("." in s for s in spaces):
        return True
    known = {id(n) for n in _harmless(p, spaces)}
    loads = [n for n in p.nodes(ast.Name) if n.id in spaces and isinstance(n.ctx, ast.Load)]
    return any(id(n) not in known for n in loads)


def _harmless(p: Program, spaces: set[str]) -> Iterator[ast.AST]:
    """Where the options are read one by one, printed, returned, or opened for a function that takes them by name."""
    plain = {f.name for f in p.nodes(ast.FunctionDef) if f.args.kwarg is None}
    for node in p.nodes(ast.Attribute):
        if node.attr != "__dict__":
            yield node.value
    for part in p.nodes(ast.Return):
        if isinstance(part.value, ast.Name):
            yield part.value
    for call in p.nodes(ast.Call):
        called = syntax.text(call.func)
        if called == "print":
            yield from call.args
        for word in call.keywords if called in plain else ():
            if word.arg is None and syntax.text(word.value) in {
                t for s in spaces for t in (f"{s}.__dict__", f"vars({s})")
            }:
                yield from (n for n in syntax.walk(word.value) if isinstance(n, ast.Name))
