"""Tables of what happens in a program and of the values in it: for questions by name and kind."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING

from seedbed.doctor.static.values import CLOSED, Val

if TYPE_CHECKING:
    from seedbed.doctor.static.program import Event

in_order = attrgetter("seq")


class Values:
    """Arguments and results of events with all that they were made from, who uses them, and where an operation is."""

    __slots__ = ("_users", "beyond", "by_kind", "by_name", "values")

    def __init__(self, events: list[Event]) -> None:
        self._users: dict[int, list[Val]] | None = None
        self.by_name: dict[str, list[int]] = {}
        self.by_kind: dict[str, list[Val]] = {}
        self.beyond: dict[str, list[Val]] = {}  # what only receivers and keyword arguments were made from
        seen: set[Val] = set()
        self.values = _closure([v for e in events for v in (e.result, *e.args) if v is not None], seen)
        for place, val in enumerate(self.values):
            self.by_name.setdefault(val.name, []).append(place)
            self.by_kind.setdefault(val.kind, []).append(val)
        for val in _closure([v for e in events for v in (e.recv, *e.kwargs.values()) if v is not None], seen):
            self.beyond.setdefault(val.name, []).append(val)
            self.by_kind.setdefault(val.kind, []).append(val)

    def users(self, val: Val) -> list[Val]:
        """Values made directly from ``val``."""
        if self._users is None:
            self._users = {}
            for part in self.values:
                if part.kind not in CLOSED:
                    for source in part.inputs():
                        self._users.setdefault(id(source), []).append(part)
        return self._users.get(id(val), [])


def _closure(stack: list[Val], seen: set[Val]) -> list[Val]:
    """The values on the stack and all that they were made from, without those ``seen`` before."""
    found: list[Val] = []
    while stack:
        part = stack.pop()
        if part in seen:
            continue
        seen.add(part)
        found.append(part)
        if part.kind not in CLOSED:
            stack += part.args
            if part.kwargs:
                stack += part.kwargs.values()
            if part.items:
                stack += part.items
    return found


class Calls:
    """Calls by the last part of their name and by the kind and name of their result; all of them and the first ones."""

    __slots__ = ("called", "first_called", "first_makers", "makers")

    def __init__(self, events: Iterable[Event], firsts: Iterable[Event]) -> None:
        self.called: dict[str, list[Event]] = {}
        self.makers: dict[str, list[Event]] = {}
        self.first_called: dict[str, list[Event]] = {}
        self.first_makers: dict[str, list[Event]] = {}
        for calls, called, makers in (
            (events, self.called, self.makers),
            (firsts, self.first_called, self.first_makers),
        ):
            for event in calls:
                called.setdefault(event.name.rsplit(".", 1)[-1], []).append(event)
                made = event.result
                if made is not None:
                    makers.setdefault(made.kind, []).append(event)
                    if made.name != made.kind:
                        makers.setdefault(made.name, []).append(event)


def picked(table: dict[str, list[Event]], names: Iterable[str]) -> list[Event]:
    """The events under these names, in order, each once."""
    lists = [table[name] for name in dict.fromkeys(names) if name in table]
    if len(lists) < 2:
        return lists[0] if lists else []
    return sorted({e.seq: e for events in lists for e in events}.values(), key=in_order)
