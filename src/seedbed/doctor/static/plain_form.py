"""One way of writing for what is often written in several: the tree of a file before it is read.

An object that only carries values (``run = SimpleNamespace()``) becomes plain variables, static methods become
functions, and a loop that counts by itself becomes one over ``range``. The program does the same, its nodes keep their
places, and rules that ask for a name need not know of the other ways.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from seedbed.doctor.static import counting, few_keys, syntax

Scope = ast.Module | ast.FunctionDef
_EMPTY = frozenset(["SimpleNamespace", "types.SimpleNamespace", "Namespace", "argparse.Namespace"])
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_NAMED = (ast.Name, ast.arg, ast.alias, ast.Global, ast.Nonlocal, *_DEFINITIONS, ast.ExceptHandler, ast.MatchAs)


def rewrite(tree: ast.Module) -> ast.Module:
    """The same program in its plain form; the tree is changed in place."""
    file = _File(tree)
    change = _Change()
    for record in _records(file):
        _open_record(file, change, record)
    for group in [s for s in tree.body if isinstance(s, ast.ClassDef)]:
        if _is_group(file, group):
            _open_group(file, change, group)
    changed = bool(change.names or change.lines)
    if changed:
        change.visit(tree)
    changed |= counting.rewrite(tree)
    few_keys.rewrite(tree, None if changed else file.nodes)
    return tree


class _File:
    """What the names of a file stand for."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.bound: Counter[str] = Counter()
        self.names: set[str] = set(dir(builtins))
        self.uses: dict[str, list[ast.Name]] = {}
        self.nodes = syntax.fresh(tree)
        for node in self.nodes:
            if isinstance(node, _NAMED):
                self._note(node)
        self.names |= set(self.bound)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """What each node stands in: few files have anything for which this must be known."""
        return {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            self.names.add(node.id)
            self.uses.setdefault(node.id, []).append(node)
            if not isinstance(node.ctx, ast.Load):
                self.bound[node.id] += 1
        elif isinstance(node, ast.arg):
            self.bound[node.arg] += 1
        elif isinstance(node, ast.alias):
            self.bound[(node.asname or node.name).split(".")[0]] += 1
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            self.bound.update(node.names)
        elif isinstance(node, (*_DEFINITIONS, ast.ExceptHandler, ast.MatchAs)) and node.name:
            self.bound[node.name] += 1

    def scope(self, node: ast.AST) -> ast.AST:
        """The module, function or class whose body a node stands in."""
        while not isinstance(node, ast.Module):
            node = self.parents[node]
            if isinstance(node, (*_DEFINITIONS, ast.Lambda)):
                return node
        return node

    def members(self, name: str) -> list[ast.Attribute] | None:
        """The attributes that are read from or written to ``name``; ``None`` where it is used for anything else."""
        found: list[ast.Attribute] = []
        for use in self.uses.get(name, []):
            parent = self.parents[use]
            if isinstance(use.ctx, ast.Load):
                if not isinstance(parent, ast.Attribute) or parent.attr.startswith("__"):
                    return None
                found.append(parent)
        return found

    def fresh(self, owner: str, attr: str) -> str:
        """A name for an attribute that means nothing else in the file."""
        name = f"{owner}.{attr}" if attr in self.names else attr
        self.names.add(name)
        return name


class _Change(syntax.Rewriter):
    """Puts names in the place of attributes, and statements in the place of others."""

    def __init__(self) -> None:
        self.names: dict[ast.Attribute, str] = {}
        self.lines: dict[ast.stmt, list[ast.stmt]] = {}
        self.shared: dict[ast.FunctionDef, tuple[type[ast.Global | ast.Nonlocal], set[str]]] = {}

    def visit(self, node: ast.AST) -> ast.AST | list[ast.stmt]:
        """The node, or what stands in its place."""
        if isinstance(node, ast.Attribute) and node in self.names:
            return ast.copy_location(ast.Name(self.names[node], node.ctx), node)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute) and node.target in self.names:
            node.simple = 1
        if isinstance(node, ast.stmt) and node in self.lines:
            held = self.lines.pop(node)
            return [one for line in held for one in _listed(self.visit(line))] or ast.copy_location(ast.Pass(), node)
        self.generic_visit(node)
        if isinstance(node, ast.FunctionDef) and node in self.shared:
            kind, names = self.shared[node]
            node.body.insert(0, ast.copy_location(kind(sorted(names)), node.body[0]))
        return node


def _listed(what: ast.AST | list[ast.stmt]) -> list[ast.stmt]:
    if isinstance(what, list):
        return what
    assert isinstance(what, ast.stmt)
    return [what]


def _records(file: _File) -> Iterator[tuple[ast.Assign, list[tuple[str, ast.expr]], ast.ClassDef | None]]:
    """Statements that make an object which does nothing but carry values, and the values that it has at first."""
    classes = {s.name: s for s in file.tree.body if isinstance(s, ast.ClassDef)}
    for node in file.nodes:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.value, ast.Call):
            continue
        call, target = node.value, node.targets[0]
        if not isinstance(target, ast.Name) or call.args or any(k.arg is None for k in call.keywords):
            continue
        given = [(str(k.arg), k.value) for k in call.keywords]
        made = syntax.name(call.func) or ast.unparse(call.func)
        if made in _EMPTY:
            yield node, given, None
        elif (cls := classes.get(made)) is not None and file.bound[made] == 1 and len(file.uses[made]) == 1:
            first = _fields(cls)
            if first is not None and {n for n, _ in given} <= set(first):
                yield node, list({**first, **dict(given)}.items()), cls


def _fields(cls: ast.ClassDef) -> dict[str, ast.expr] | None:
    """The values with which a class that has nothing else starts, ``None`` where it has more or lacks some."""
    found: dict[str, ast.expr] = {}
    marks = [d.func if isinstance(d, ast.Call) else d for d in cls.decorator_list]
    if cls.bases or cls.keywords or any(ast.unparse(d) not in ("dataclass", "dataclasses.dataclass") for d in marks):
        return None
    for line in cls.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value is not None:
            name, value = line.target.id, line.value
        elif isinstance(line, ast.Assign) and len(line.targets) == 1 and isinstance(line.targets[0], ast.Name):
            name, value = line.targets[0].id, line.value
        elif isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)):
            continue
        else:
            return None
        start = _start(value)
        if start is None or (not marks and not isinstance(start, ast.Constant)):
            return None
        found[name] = start
    return found


def _start(value: ast.expr) -> ast.expr | None:
    """What a field holds at first: a constant, or what its ``default_factory`` makes."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) in ("field", "dataclasses.field"):
        words = {k.arg: k.value for k in value.keywords}
        if len(words) == 1 and "default_factory" in words:
            return ast.copy_location(ast.Call(words["default_factory"], [], []), value)
        return words["default"] if len(words) == 1 and "default" in words else None
    return None if any(isinstance(n, ast.Name) for n in syntax.fresh(value)) and not _pure(value) else value


def _pure(value: ast.expr) -> bool:
    """Whether a default gives the same wherever it stands: ``float("inf")``."""
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in ("float", "int")


def _open_record(
    file: _File, change: _Change, record: tuple[ast.Assign, list[tuple[str, ast.expr]], ast.ClassDef | None]
) -> None:
    """Let variables carry what an object of a record carries."""
    line, first, cls = record
    target = line.targets[0]
    assert isinstance(target, ast.Name)
    home, members = file.scope(line), file.members(target.id)
    if file.bound[target.id] != 1 or not members or not isinstance(home, (ast.Module, ast.FunctionDef)):
        return
    written = {m.attr for m in members if not isinstance(m.ctx, ast.Load)} | {n for n, _ in first}
    if any(m.attr not in written or isinstance(m.ctx, ast.Del) for m in members):
        return
    kind = ast.Global if isinstance(home, ast.Module) else ast.Nonlocal
    outside = [(file.scope(m), m.attr) for m in members if isinstance(m.ctx, ast.Store) and file.scope(m) is not home]
    if any(not isinstance(scope, ast.FunctionDef) for scope, _ in outside):
        return
    names = {attr: file.fresh(target.id, attr) for attr in sorted(written)}
    for scope, attr in outside:
        assert isinstance(scope, ast.FunctionDef)
        change.shared.setdefault(scope, (kind, set()))[1].add(names[attr])
    change.names.update({m: names[m.attr] for m in members})
    change.lines[line] = [_assigned(names[n], value, line) for n, value in first]
    if cls is not None:
        change.lines[cls] = []


def _assigned(name: str, value: ast.expr, line: ast.stmt) -> ast.stmt:
    """``name = value``, written where the value is."""
    at = value if hasattr(value, "lineno") else line
    target = ast.copy_location(ast.Name(name, ast.Store()), at)
    return ast.copy_location(ast.Assign([target], value), at)


def _is_group(file: _File, cls: ast.ClassDef) -> bool:
    """Whether a class only groups functions: all its methods are static, and it is used for nothing but them."""
    if cls.bases or cls.keywords or cls.decorator_list or file.bound[cls.name] != 1:
        return False
    functions = [s for s in cls.body if isinstance(s, ast.FunctionDef)]
    rest = [s for s in cls.body if not isinstance(s, (ast.FunctionDef, ast.Pass))]
    if not functions or any(not isinstance(s, ast.Expr) or not isinstance(s.value, ast.Constant) for s in rest):
        return False
    if any("staticmethod" not in [ast.unparse(d) for d in f.decorator_list] for f in functions):
        return False
    members = file.members(cls.name)
    known = {f.name for f in functions}
    return bool(members) and all(m.attr in known and isinstance(m.ctx, ast.Load) for m in members or [])


def _open_group(file: _File, change: _Change, cls: ast.ClassDef) -> None:
    """Let the static methods of a class be functions of the module."""
    functions = [s for s in cls.body if isinstance(s, ast.FunctionDef)]
    for function in functions:
        file.bound[function.name] -= 1
        if not file.bound[function.name] and function.name not in file.uses and not hasattr(builtins, function.name):
            file.names.discard(function.name)
    names = {f.name: file.fresh(cls.name, f.name) for f in functions}
    for function in functions:
        function.decorator_list = [d for d in function.decorator_list if ast.unparse(d) != "staticmethod"]
        function.name = names[function.name]
    change.names.update({m: names[m.attr] for m in file.members(cls.name) or []})
    change.lines[cls] = list(functions)
