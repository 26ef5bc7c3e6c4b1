"""The state of one abstract run and what every part of the interpreter may ask of it."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable

from seedbed.doctor.static.naming import split_of, words
from seedbed.doctor.static.program import Cond, Event, LoopRun, Program
from seedbed.doctor.static.project import Project
from seedbed.doctor.static.scopes import Func, Scope
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import NO_WORDS, Val, join, tick

BUDGET = 60_000


class Machine(ABC):
    """The state of one abstract run: scopes, modes of modules, branches and loops around."""

    def __init__(self, project: Project, source: Source, program: Program) -> None:
        self.project = project
        self.src = source
        self.program = program
        self.events = program.events
        self.scope = Scope(src=source)
        self.loops: list[LoopRun] = []
        self.rounds: list[int] = []
        self.funcs: list[Func] = []
        self.conds: list[Cond] = []
        self.grads: list[bool] = [True]
        self.autocasts: list[Val] = []
        self.modes: dict[int, str] = {}
        self.returns: list[list[Val]] = []
        self.yields: list[list[Val]] = []
        self.budget = BUDGET
        self.forward_depth = 0
        self.keep: list[Val] = []  # so that ids of values stay unique
        self.memory: dict[tuple[object, ...], Val] = {}  # results of functions with functools.cache
        self.quiet = 0
        self.suites: list[object] = []  # blocks that wait for the yield of their context manager
        self.sites: list[tuple[ast.AST, Source]] = []
        self.strict = project.strict
        self.parts = frozenset(("step", "zero_grad"))  # methods of an optimizer of the program: read on their own

    # ---- events -------------------------------------------------------------------------------

    def emit(
        self,
        kind: str,
        name: str,
        node: ast.AST,
        *,
        recv: Val | None = None,
        args: tuple[Val, ...] = (),
        kwargs: dict[str, Val] = NO_WORDS,
        result: Val | None = None,
        mode: str = "",
    ) -> Event:
        """Record an event at the current place."""
        events = self.events
        event = Event(
            kind,
            name,
            node,
            self.src,
            recv,
            args,
            kwargs,
            result,
            tuple(self.loops),
            tuple(self.rounds),
            tuple(self.funcs),
            tuple(self.conds),
            self.grads[-1],
            self.autocasts[-1] if self.autocasts else None,
            len(events),
            mode,
            self.forward_depth,
            tuple(self.sites),
            tick(),
        )
        if not self.quiet:
            events.append(event)
        return event

    def reminder(self, func: Func, args: tuple[Val, ...], kwargs: dict[str, Val]) -> tuple[object, ...] | None:
        """What a function with ``functools.cache`` remembers its result by; ``None`` for all others."""
        if not func.decorators & {"cache", "lru_cache"}:
            return None
        given = [*args, *(v for _, v in sorted(kwargs.items()))]
        self.keep.extend(given)
        return (id(func.node), *(("const", repr(v.const)) if v.kind == "const" else (v.kind, id(v)) for v in given))

    def tensor(self, name: str, node: ast.AST, /, *args: Val, **kwargs: Val) -> Val:
        """A tensor made by the operation ``name``; it carries a graph if an input does."""
        val = Val("tensor", name, node, self.src)
        val.args = args
        val.kwargs = kwargs
        if args and "pandas" in args[0].tags:
            val.tags.add("pandas")
        if self.grads[-1]:
            val.grad = any(a.grad or (a.items and any(i.grad for i in a.items)) for a in val.inputs())
        return val

    # ---- what the interpreter adds -------------------------------------------------------------

    @abstractmethod
    def run(self, body: list[ast.stmt]) -> str:
        """Execute statements; returns how they end: ``""``, return, break, continue, raise or mixed."""

    @abstractmethod
    def eval(self, node: ast.expr | None) -> Val:
        """The abstract value of an expression."""

    @abstractmethod
    def assign(self, target: ast.expr, val: Val) -> None:
        """Assign a value to a name, attribute, item or a tuple of them."""

    @abstractmethod
    def apply(self, func: Val, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
        """Call a value."""

    @abstractmethod
    def invoke(self, func: Func, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
        """Run a function of the program with these arguments."""

    @abstractmethod
    def forward(self, module: Val, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
        """Call a module."""

    # ---- names --------------------------------------------------------------------------------

    def bind(self, name: str, val: Val, node: ast.AST) -> None:
        """Give a value a name in the current scope."""
        if not val.var and val.kind != "lib":
            val.var = name
        if val.kind == "phi":
            for one in val.options():
                if one.kind == "unknown" and not one.var:
                    one.var = name
        if not val.split and val.kind in ("tensor", "loader", "dataset") and val.shape != ():
            mask = name == "valid" and val.name in ("batch", "element", "part", "compare", "ne")  # not a split
            val.split = "" if mask else split_of(name)
        elif val.name == "train_test_split" and val.kind == "tensor" and split_of(name) == "val":
            developed = val.split == "train" and "dev" in words(name)  # X_dev, X_test: what is developed on
            val.split = "train" if developed else "val"  # a second split cuts the validation rows off
        elif val.name == "train_test_split" and val.split == "val" and split_of(name) == "test":
            val.split = "test"  # the validation rows were cut off first
        scope = self.scope.owner(name) if name in self.scope.shared else self.scope
        scope.vars[name] = val
        event = self.emit("assign", name, node, result=val)
        self.program.assigns.append((name, val, event))

    # ---- branches -----------------------------------------------------------------------------

    def branch(self, node: ast.AST, test: Val, arms: list[Callable[[], str]]) -> str:
        """Run alternative arms from the same state and join what they leave."""
        before, modes = dict(self.scope.vars), dict(self.modes)
        ends: list[str] = []
        left: list[tuple[dict[str, Val], dict[int, str]]] = []
        for number, arm in enumerate(arms):
            self.scope.vars, self.modes = dict(before), dict(modes)
            self.conds.append((node, number, test))
            try:
                end = arm()
            finally:
                self.conds.pop()
            ends.append(end)
            if not end:
                left.append((self.scope.vars, self.modes))
        if not left:
            self.scope.vars, self.modes = before, modes
            return ends[0] if len(set(ends)) == 1 else "mixed"
        names, merged = left[0]
        for other, other_modes in left[1:]:
            names = _joined(names, other)
            if merged != other_modes:
                merged = {
                    k: merged.get(k, "") if merged.get(k, "") == other_modes.get(k, "") else "mixed"
                    for k in dict.fromkeys([*merged, *other_modes])
                }
        self.scope.vars, self.modes = names, merged
        return ""


def _joined(first: dict[str, Val], second: dict[str, Val]) -> dict[str, Val]:
    """What the names mean after two branches; most mean the same in both."""
    names = dict(first)
    for name, val in second.items():
        known = names.get(name)
        if known is not val:
            names[name] = val if known is None else join(known, val)
    return names
