"""Names, functions and classes of the program that is read."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.doctor.static import syntax
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val

if TYPE_CHECKING:
    pass


class BudgetError(Exception):
    """The abstract run has used up its budget; what was seen until here counts. Its argument is the line."""


@dataclass(eq=False)
class Scope:
    """Names of a module, function or class body."""

    vars: dict[str, Val] = field(default_factory=dict)
    outer: Scope | None = None
    shared: set[str] = field(default_factory=set)
    src: Source | None = None

    def find(self, name: str) -> Val | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.vars:
                return scope.vars[name]
            scope = scope.outer
        return None

    def owner(self, name: str) -> Scope:
        """The scope that a ``global`` or ``nonlocal`` name lives in."""
        scope = self.outer
        while scope is not None:
            if name in scope.vars or scope.outer is None:
                return scope
            scope = scope.outer
        return self


@dataclass(eq=False)
class Func:
    """A function of the program."""

    node: Any
    scope: Scope
    src: Source
    owner: Class | None = None
    calls: int = 0
    commands: list[Val] = field(default_factory=list)  # of click: one of them is run when this group is called
    managers: set[str] = field(default_factory=set)  # contexts that a decorator opens, whatever it is written as

    @property
    def name(self) -> str:
        return getattr(self.node, "name", "<lambda>")

    @property
    def decorators(self) -> set[str]:
        names = set(self.managers)
        for d in getattr(self.node, "decorator_list", ()):
            d = d.func if isinstance(d, ast.Call) else d
            names.add(d.attr if isinstance(d, ast.Attribute) else getattr(d, "id", ""))
        return names

    def clears_itself(self) -> bool:
        """Whether this ``step()`` of an optimizer class clears the gradients, or a method that it calls does."""
        seen, todo = set[str](), [self]
        while self.owner is not None and todo:
            for one in syntax.walk(todo.pop().node):
                name = one.func.attr if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) else ""
                if name == "zero_grad":
                    return True
                method = self.owner.method(name) if name and name not in seen else None
                seen.add(name)
                if method is not None:
                    todo.append(method)
        return False


@dataclass(eq=False)
class Class:
    """A class of the program; ``base`` is its role: module, dataset, function, instance."""

    node: ast.ClassDef
    scope: Scope
    src: Source
    bases: list[Val]
    base: str = "instance"
    made: int = 0

    @property
    def name(self) -> str:
        return self.node.name

    def lineage(self) -> list[Class]:
        """The class and its ancestors that are part of the program."""
        found: list[Class] = [self]
        for b in self.bases:
            if b.kind == "class" and b.owner is not self:
                found += [c for c in b.owner.lineage() if c not in found]
        return found

    def method(self, name: str) -> Func | None:
        """The method ``name``, its own or inherited."""
        for cls in self.lineage():
            val = cls.scope.vars.get(name)
            if val is not None and val.kind == "func":
                func: Func = val.owner
                return func
        return None

    def attribute(self, name: str) -> Val | None:
        """A class attribute, its own or inherited."""
        for cls in self.lineage():
            if name in cls.scope.vars:
                return cls.scope.vars[name]
        return None

    def lib_bases(self) -> list[str]:
        """Dotted names of library classes that it derives from."""
        return [b.name for cls in self.lineage() for b in cls.bases if b.kind == "lib"]
