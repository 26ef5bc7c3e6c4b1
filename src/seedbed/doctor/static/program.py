"""The model of a program that rules ask: the events of its abstract run, in order, and the values in them."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain as chained
from typing import Any

from seedbed.doctor.codes import CHECKS
from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static.asking import ASSIGNS, CLASSES, COMPLETE, EVENTS, FUNCTIONS, SOURCE, Notes, Word
from seedbed.doctor.static.indexing import Calls, Values, in_order, picked
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val, ancestors

Place = tuple[ast.AST, Source]
Cond = tuple[ast.AST, int, Val]


@dataclass(eq=False, slots=True)
class Event:
    """Something that happens while the program runs.

    ``kind`` is one of: forward, criterion, loss, backward, clear, step, schedule, clip, unscale, scaler_step,
    scaler_update, mode, call, discard, keep, augment, break, return, loop, compare, broadcast, save, load,
    assign, attribute, catch, whole (``subset.dataset``). ``loops`` are the loops around it (outermost first),
    ``rounds`` how often each has run, ``funcs`` the calls around it, ``conds`` the branches it stands in.
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
    exact: bool = False  # every round is read, each with what it really gets

    @property
    def line(self) -> int:
        return getattr(self.node, "lineno", 0)


class Program:
    """Everything that one abstract run of an entry point has seen."""

    def __init__(self, source: Source, complete: bool = True) -> None:
        self._source = source
        self._complete = complete
        self._events: list[Event] = []
        self._assigns: list[tuple[str, Val, Event]] = []
        self._classes: list[Any] = []
        self._functions: list[Any] = []
        self._by_kind: dict[str, list[Event]] = defaultdict(list)
        self._calls: Calls | None = None
        self._once: dict[tuple[str, ...], list[Event]] = {}
        self._mixed: dict[tuple[str, ...], list[Event]] = {}
        self._indexed = 0
        self._named: dict[str, list[tuple[str, Val, Event]]] | None = None
        self._values: Values | None = None
        self.cache = Notes()
        self.unread = 0  # the line at which the budget ran out, 0 when all was read

    @property
    def source(self) -> Source:
        """The file that was read."""
        self.cache.asked.add(SOURCE)
        return self._source

    @property
    def complete(self) -> bool:
        """Whether it is a whole script; else it is one function or class that nobody calls."""
        self.cache.asked.add(COMPLETE)
        return self._complete

    @property
    def events(self) -> list[Event]:
        """All that happens, in order."""
        self.cache.asked.add(EVENTS)
        return self._events

    @property
    def assigns(self) -> list[tuple[str, Val, Event]]:
        """Names with the values that they get, and when."""
        self.cache.asked.add(ASSIGNS)
        return self._assigns

    @property
    def classes(self) -> list[Any]:
        """The classes that are defined."""
        self.cache.asked.add(CLASSES)
        return self._classes

    @property
    def functions(self) -> list[Any]:
        """The functions that are defined."""
        self.cache.asked.add(FUNCTIONS)
        return self._functions

    def present(self) -> frozenset[Word]:
        """Everything of what can be asked that there is in this program; its file (``SOURCE``) always is."""
        found: set[Word] = {SOURCE, *self._source.by_type()}
        found.update({e.kind for e in self._events})
        found.update("#" + kind for kind in self._graph().by_kind)
        found.update("." + name for name in self._index().called)
        found.update("@" + word for word in self._index().makers)
        found.update("*" + name for name in (*self._graph().by_name, *self._graph().beyond))
        lists = (EVENTS, self._events), (ASSIGNS, self._assigns), (CLASSES, self._classes), (FUNCTIONS, self._functions)
        found.update(word for word, held in lists if held)
        if self._complete:
            found.add(COMPLETE)
        return frozenset(found)

    def assigned(self, name: str) -> list[tuple[str, Val, Event]]:
        """Of ``assigns`` those of one name; to be asked when all was read."""
        self.cache.asked.add(ASSIGNS)
        if self._named is None:
            self._named = {}
            for one in self._assigns:
                self._named.setdefault(one[0], []).append(one)
        return self._named.get(name, [])

    def nodes(self, *types: type) -> Iterator[Any]:
        """Syntax nodes of its own file."""
        self.cache.asked.update(types)
        table = self._source.by_type()
        if len(types) == 1:
            return iter(table.get(types[0], ()))
        return chained.from_iterable(table.get(kind, ()) for kind in types)

    def all(self, *kinds: str) -> list[Event]:
        """Events of these kinds, in order."""
        self.cache.asked.update(kinds)
        if self._indexed < len(self._events):
            for event in self._events[self._indexed :]:
                self._by_kind[event.kind].append(event)
            self._indexed = len(self._events)
            self._mixed.clear()
        if len(kinds) == 1:
            return self._by_kind.get(kinds[0], [])
        if kinds not in self._mixed:
            held = [events for kind in kinds if (events := self._by_kind.get(kind))]
            self._mixed[kinds] = held[0] if len(held) == 1 else sorted(chained.from_iterable(held), key=in_order)
        return self._mixed[kinds]

    def once(self, *kinds: str) -> Iterator[Event]:
        """Events of these kinds, each source place once (its first occurrence)."""
        self.cache.asked.update(kinds)
        if kinds not in self._once:
            found: dict[tuple[int, str], Event] = {}
            for event in self.all(*kinds):
                found.setdefault((id(event.node), event.kind), event)
            self._once[kinds] = list(found.values())
        return iter(self._once[kinds])

    def calls(self, *names: str) -> list[Event]:
        """Call events whose last name component is one of ``names``."""
        self.cache.asked.update("." + name for name in names)
        return picked(self._index().called, names)

    def first_calls(self, *names: str) -> list[Event]:
        """The same of ``once("call")``."""
        self.cache.asked.update("." + name for name in names)
        return picked(self._index().first_called, names)

    def makers(self, *words: str) -> list[Event]:
        """Call events whose result is of a kind or has a name among ``words``."""
        self.cache.asked.update("@" + word for word in words)
        return picked(self._index().makers, words)

    def first_makers(self, *words: str) -> list[Event]:
        """The same of ``once("call")``."""
        self.cache.asked.update("@" + word for word in words)
        return picked(self._index().first_makers, words)

    def _index(self) -> Calls:
        if self._calls is None:
            asked = set(self.cache.asked)
            self._calls = Calls(self.all("call"), self.once("call"))
            self.cache.asked = asked
        return self._calls

    def made(self, *names: str) -> list[Val]:
        """Of all ``values`` those that the operations ``names`` have made."""
        self.cache.asked.update("*" + name for name in names)
        graph = self._graph()
        if len(names) == 1:
            return [graph.values[n] for n in graph.by_name.get(names[0], ())]
        return [graph.values[n] for n in sorted(n for name in set(names) for n in graph.by_name.get(name, ()))]

    def made_from(self, *names: str) -> set[int]:
        """Ids of all ``values`` that what the operations ``names`` have made went into, and of that itself."""
        found: set[int] = set()
        stack = list(self.made(*names))
        while stack:
            val = stack.pop()
            if id(val) not in found:
                found.add(id(val))
                stack += self.users(val)
        return found

    def anywhere(self, *names: str) -> list[Val]:
        """The same, with values that only receivers and keyword arguments of events were made from; in no order."""
        found, beyond = self.made(*names), self._graph().beyond
        return found + [v for name in set(names) for v in beyond.get(name, ())] if beyond else found

    def of_kind(self, *kinds: str) -> list[Val]:
        """All values of these kinds, as ``anywhere`` finds them."""
        self.cache.asked.update("#" + kind for kind in kinds)
        by_kind = self._graph().by_kind
        return [v for kind in kinds for v in by_kind.get(kind, ())]

    def values(self) -> list[Val]:
        """Every value that an event knows as argument or result, or that one of those is made from."""
        self.cache.asked.add(EVENTS)
        return self._graph().values

    def users(self, val: Val) -> list[Val]:
        """Values made directly from ``val``."""
        self.cache.asked.add(EVENTS)
        return self._graph().users(val)

    def _graph(self) -> Values:
        if self._values is None:
            self._values = Values(self._events)
        return self._values

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
            node, src = at.node or self._source.tree, at.src or self._source
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
