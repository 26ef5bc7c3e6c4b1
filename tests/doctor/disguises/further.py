"""More disguises: where the functions stand, who holds the variables, and what the loops run over."""

from __future__ import annotations

import ast
from collections.abc import Callable

from rewriting import (
    DEFINITIONS,
    IMPORTS,
    OWN_SCOPE,
    Constants,
    Member,
    bound_in,
    holds,
    insert_first,
    is_head,
    names_in,
    one_name,
    own_nodes,
    stored,
)


def all_in_main(tree: ast.Module) -> ast.Module | None:
    """All but the imports moves into ``main()``: functions and classes stand in it."""
    end = max((i for i, s in enumerate(tree.body) if isinstance(s, IMPORTS) or is_head(s)), default=-1)
    rest = tree.body[end + 1 :]
    taken = {"main", "__name__", "globals"} & (names_in(tree) | {s.name for s in rest if isinstance(s, DEFINITIONS)})
    if taken or len(rest) < 2 or holds(tree, ast.Global):
        return None
    bodies = [n for s in rest if isinstance(s, ast.ClassDef) for n in own_nodes(s)]
    if any(isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id in stored(rest) for n in bodies):
        return None
    main = ast.parse("def main(): pass\nif __name__ == '__main__':\n    main()").body
    assert isinstance(main[0], ast.FunctionDef)
    main[0].body = rest
    tree.body = [*tree.body[: end + 1], *main]
    return tree


def attributes_of_self(tree: ast.Module) -> ast.Module | None:
    """What stands after the last definition is the method of a class, its variables are attributes of ``self``."""
    parts = _movable(tree)
    if parts is None or any(isinstance(n, ast.Name) and n.id == "Program" for n in ast.walk(tree)):
        return None
    head, tail, names = parts
    targets = [n.target for s in tail for n in ast.walk(s) if isinstance(n, ast.For)]
    names -= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    member = Member(names, "self")
    group, call = ast.parse("class Program:\n    def run(self):\n        pass\nProgram().run()").body
    assert isinstance(group, ast.ClassDef)
    assert isinstance(group.body[0], ast.FunctionDef)
    elsewhere = {n.id for s in head for n in ast.walk(s) if isinstance(n, ast.Name)}
    shared = sorted((stored(tail) - names) & elsewhere)
    lines: list[ast.stmt] = [ast.Global(shared)] if shared else []
    group.body[0].body = [*lines, *(member.visit(s) for s in tail)]
    tree.body = [*head, group, call]
    return tree


def items_of_a_dictionary(tree: ast.Module) -> ast.Module | None:
    """Numbers and lists of the module that no function reads are items of one dictionary."""
    parts = _movable(tree)
    if parts is None or "state" in names_in(tree) | bound_in(tree):
        return None
    head, tail, names = parts
    plain = {n for s in tail if (n := one_name(s)) and isinstance(s, ast.Assign) and isinstance(s.value, _FIRST)}
    targets = [n.target for s in tail for n in ast.walk(s) if isinstance(n, (ast.For, ast.AnnAssign))]
    looped = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    names &= plain - looped
    if not names:
        return None
    item = _Item(names)
    tree.body = [*head, *ast.parse("state = {}").body, *(item.visit(s) for s in tail)]
    return tree


_FIRST = (ast.Constant, ast.List, ast.UnaryOp)


class _Item(ast.NodeTransformer):
    """Names become items of the dictionary ``state``."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.names:
            return ast.Subscript(ast.Name("state", ast.Load()), ast.Constant(node.id), node.ctx)
        return node


def _movable(tree: ast.Module) -> tuple[list[ast.stmt], list[ast.stmt], set[str]] | None:
    """The definitions, what follows them, and the variables of it that nothing else uses."""
    last = max((i for i, s in enumerate(tree.body) if isinstance(s, (*DEFINITIONS, *IMPORTS))), default=-1)
    head, tail = tree.body[: last + 1], tree.body[last + 1 :]
    inner = {n for s in tail for c in ast.walk(s) if isinstance(c, OWN_SCOPE) for n in bound_in(c)}
    elsewhere = {n.id for s in head for n in ast.walk(s) if isinstance(n, ast.Name)}
    handlers = {n.name for s in tail for n in ast.walk(s) if isinstance(n, ast.ExceptHandler)}
    names = stored(tail) - inner - elsewhere - handlers - {"__all__"}
    if len(names) < 2 or holds(tree, ast.Global) or any(isinstance(s, ast.If) for s in tail):
        return None
    return head, tail, names


def settings_in_dataclass(tree: ast.Module) -> ast.Module | None:
    """Numbers in calls are fields of a dataclass, read from its one object."""
    if {"Settings", "settings"} & (names_in(tree) | bound_in(tree)):
        return None
    change = Constants(lambda name: ast.Attribute(ast.Name("settings", ast.Load()), name, ast.Load()))
    for statement in tree.body:
        if not isinstance(statement, IMPORTS):
            change.visit(statement)
    if not change.values:
        return None
    kinds = {name: type(ast.literal_eval(value)).__name__ for name, value in change.values.items()}
    lines = [f"    {name}: {kinds[name]} = {value}" for name, value in change.values.items()]
    head = ["import dataclasses", "@dataclasses.dataclass", "class Settings:"]
    insert_first(tree, "\n".join([*head, *lines, "settings = Settings()"]))
    return tree


def numbered_loops(tree: ast.Module) -> ast.Module | None:
    """Loops over a variable count their rounds."""

    def change(loop: ast.For, count: int) -> None:
        number = ast.Name(f"number_{count}", ast.Store())
        loop.target = ast.Tuple([number, loop.target], ast.Store())
        loop.iter = ast.Call(ast.Name("enumerate", ast.Load()), [loop.iter], [])

    return _loops(tree, change)


def loops_over_generators(tree: ast.Module) -> ast.Module | None:
    """Loops over a variable get its parts from a generator."""

    def change(loop: ast.For, _: int) -> None:
        loop.iter = ast.Call(ast.Name("one_by_one", ast.Load()), [loop.iter], [])

    made = _loops(tree, change)
    if made is not None:
        insert_first(made, "def one_by_one(rows):\n    for row in rows:\n        yield row", after_imports=True)
    return made


def _loops(tree: ast.Module, change: Callable[[ast.For, int], None]) -> ast.Module | None:
    """Change every loop over a name or attribute."""
    loops = [n for n in ast.walk(tree) if isinstance(n, ast.For) and isinstance(n.iter, (ast.Name, ast.Attribute))]
    for count, loop in enumerate(loops):
        change(loop, count)
    return tree if loops else None


FURTHER = (
    all_in_main,
    attributes_of_self,
    items_of_a_dictionary,
    settings_in_dataclass,
    numbered_loops,
    loops_over_generators,
)
