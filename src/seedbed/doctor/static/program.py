"""The model of a program that rules ask: the events of its abstract run, in order, and the values in them."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from seedbed.doctor.codes import CHECKS
from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val, ancestors

_SEQ = attrgetter("seq")
Place = tuple[ast.AST, Source]
Cond = tuple[ast.AST, int, Val]


@dataclass(eq=False, slots=True)
class Event:
    """Something that happens while the program runs.

    ``kind`` is one of: forward, criterion, loss, backward, clear, step, schedule, clip, unscale, scaler_step,
    scaler_update, mode, call, discard, keep, augment, break, return, loop, compare, broadcast, save, load,
    assign, attribute, catch. ``loops`` are the loops around it (outermost first), ``rounds`` how often each
    has run, ``funcs`` the calls around it, ``conds`` the branches it stands in.
    """

    kind: str
    name: str
    node: ast.AST
    src: Source
    recv: Val | None = None
    args: tuple[Val, ...] = ()
    kwargs: dict[str, Val] = field(default_factory=dict)
    result: Val | None = None
    loops: tuple[LoopRun, ...] = ()
    rounds: tuple[int, ...] = ()
    funcs: tuple[Any, ...] = ()
    conds: tuple[Cond, ...] = ()
    grad: bool = True
    autocast: Val | None = None
    seq: int = 0
    mode: str = ""
    depth: int = 0
    sites: tuple[tuple[ast.AST, Source], ...] = ()
    clock: int = 0

    @property
    def line(self) -> int:
        return getattr(self.node, "lineno", 0)

    @property
    def first(self) -> bool:
        """Whether this is the first round of every loop around it."""
        return not any(self.rounds)

    @property
    def loop(self) -> LoopRun | None:
        """The innermost loop around it."""
        return self.loops[-1] if self.loops else None

    def arg(self, index: int, name: str = "") -> Val | None:
        """A positional or keyword argument."""
        if name and name in self.kwargs:
            return self.kwargs[name]
        return self.args[index] if 0 <= index < len(self.args) else None

    def inside(self, loop: LoopRun) -> bool:
        """Whether it happens inside this loop statement (whichever run of it)."""
        return any(frame.node is loop.node for frame in self.loops)

    def conds_in(self, loop: LoopRun | None) -> list[Cond]:
        """The branches between the loop and the event."""
        if loop is None:
            return list(self.conds)
        outer = {id(c[0]) for c in loop.conds}
        return [c for c in self.conds if id(c[0]) not in outer]


@dataclass(eq=False, slots=True)
class LoopRun:
    """One execution of a loop statement; ``over`` is what it runs over, ``None`` for ``while``."""

    node: ast.AST
    src: Source
    over: Val | None
    conds: tuple[Cond, ...] = ()
    outer: LoopRun | None = None

    @property
    def line(self) -> int:
        return getattr(self.node, "lineno", 0)


class Program:
    """Everything that one abstract run of an entry point has seen."""

    def __init__(self, source: Source, complete: bool = True) -> None:
        self.source = source
        self.complete = complete  # a whole script; False: one function or class that nobody calls
        self.events: list[Event] = []
        self.assigns: list[tuple[str, Val, Event]] = []
        self.classes: list[Any] = []
        self.functions: list[Any] = []
        self._by_kind: dict[str, list[Event]] = defaultdict(list)
        self._calls: dict[str, list[Event]] | None = None
        self._once: dict[tuple[str, ...], list[Event]] = {}
        self._mixed: dict[tuple[str, ...], list[Event]] = {}
        self._indexed = 0
        self.cache: dict[str, Any] = {}
        self.unread = 0  # the line at which the budget ran out, 0 when all was read

    def all(self, *kinds: str) -> list[Event]:
        """Events of these kinds, in order."""
        if self._indexed < len(self.events):
            for event in self.events[self._indexed :]:
                self._by_kind[event.kind].append(event)
            self._indexed = len(self.events)
            self._mixed.clear()
        if len(kinds) == 1:
            return self._by_kind.get(kinds[0], [])
        if kinds not in self._mixed:
            self._mixed[kinds] = sorted((e for k in kinds for e in self._by_kind.get(k, ())), key=_SEQ)
        return self._mixed[kinds]

    def once(self, *kinds: str) -> Iterator[Event]:
        """Events of these kinds, each source place once (its first occurrence)."""
        if kinds not in self._once:
            found: dict[tuple[int, str], Event] = {}
            for event in self.all(*kinds):
                found.setdefault((id(event.node), event.kind), event)
            self._once[kinds] = list(found.values())
        return iter(self._once[kinds])

    def calls(self, *names: str) -> Iterator[Event]:
        """Call events whose last name component is one of ``names``."""
        if self._calls is None:
            self._calls = defaultdict(list)
            for event in self.all("call"):
                self._calls[event.name.rsplit(".", 1)[-1]].append(event)
        if len(names) == 1:
            return iter(self._calls.get(names[0], ()))
        return iter(sorted((e for n in set(names) for e in self._calls.get(n, ())), key=_SEQ))

    def backward_sources(self) -> dict[int, set[int]]:
        """For each backward event (by seq): the ids of all values that its loss was made from."""
        if "sources" not in self.cache:
            table: dict[int, set[int]] = {}
            for event in self.all("backward"):
                roots = [event.recv, *event.args] if event.recv is not None else list(event.args)
                table[event.seq] = {id(a) for root in roots if root is not None for a in ancestors(root)}
            self.cache["sources"] = table
        found: dict[int, set[int]] = self.cache["sources"]
        return found

    def trained(self, val: Val | None) -> bool:
        """Whether some backward() reaches this value."""
        if val is None:
            return False
        if "trained" not in self.cache:
            self.cache["trained"] = set().union(*self.backward_sources().values())
        return id(val) in self.cache["trained"]

    @property
    def trains(self) -> bool:
        """Whether the program trains anything."""
        return bool(self.all("backward"))

    def report(
        self,
        code: str,
        at: Event | Val | Place,
        title: str = "",
        *,
        why: str = "",
        fix: str = "",
        severity: Severity | None = None,
        related: tuple[tuple[str, int, str], ...] = (),
        **evidence: Any,
    ) -> Finding:
        """Build a finding at an event, at the place where a value was made, or at a node."""
        if isinstance(at, tuple):
            node, src = at
        else:
            node, src = at.node or self.source.tree, at.src or self.source
        line = getattr(node, "lineno", 1)
        fields: dict[str, Any] = {"severity": severity} if severity is not None else {}
        return CHECKS[code].finding(
            title,
            file=str(src.path),
            line=line,
            column=getattr(node, "col_offset", 0) + 1,
            where=src.where(line),
            why=why,
            fix=fix,
            related=related,
            evidence={k: v for k, v in evidence.items() if v is not None},
            **fields,
        )
