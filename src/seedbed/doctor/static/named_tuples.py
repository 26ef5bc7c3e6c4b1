"""``Step = namedtuple("Step", "state reward done")``: the class that ``class Step(NamedTuple)`` would be."""

from __future__ import annotations

import ast

from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.scopes import Class, Scope
from seedbed.doctor.static.values import Val

MAKERS = frozenset(["collections.namedtuple", "typing.NamedTuple"])


def made(run: Machine, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val | None:
    """The class that such a call makes; ``None`` where its fields are not written down."""
    given = args[1] if len(args) > 1 else kwargs.get("field_names", kwargs.get("fields"))
    names = _fields(given) if given is not None else []
    if not names or not args or not isinstance(args[0].const, str):
        return None
    tree: ast.ClassDef | None = node.__dict__.get("_named_tuple")
    if tree is None:
        tree = node.__dict__["_named_tuple"] = _tree(args[0].const, names, node)
    val = Val("class", tree.name, node, run.src)
    base = Val("lib", "typing.NamedTuple", node, run.src)
    val.owner = Class(tree, Scope(outer=run.scope, src=run.src), run.src, [base])
    defaults = kwargs.get("defaults")
    if defaults is not None and defaults.items:
        val.owner.scope.vars.update(zip(reversed(names), reversed(defaults.items), strict=False))
    return val


def _fields(given: Val) -> list[str]:
    if isinstance(given.const, str):
        names = given.const.replace(",", " ").split()
    elif given.items and not given.tags & {"each", "repeat", "grown"}:
        heads = [i.items[0] if i.items else i for i in given.items]  # ("state", Tensor)
        names = [h.const if isinstance(h.const, str) else "" for h in heads]
    else:
        return []
    return names if all(n.isidentifier() for n in names) else []


def _tree(name: str, names: list[str], at: ast.AST) -> ast.ClassDef:
    body: list[ast.stmt] = [
        ast.AnnAssign(target=ast.Name(n, ast.Store()), annotation=ast.Name("object", ast.Load()), value=None, simple=1)
        for n in names
    ]
    tree = ast.ClassDef(name=name, bases=[], keywords=[], body=body, decorator_list=[])
    for part in ast.walk(tree):
        ast.copy_location(part, at)
    return tree


def reads_keys(cls: Class) -> bool:
    """Whether it is a dictionary whose keys are read as attributes (``__getattr__ = dict.__getitem__``)."""
    if not any(b in ("dict", "builtins.dict") for b in cls.lib_bases()) or cls.method("__init__") is not None:
        return False
    way = cls.attribute("__getattr__")
    return way is not None and (way.kind == "func" or way.name in ("builtins.dict.__getitem__", "builtins.dict.get"))
