"""Settings that are popped out of a dictionary that all runs share: only the first run gets them."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import ancestors

_MADE = frozenset(["module", "optimizer", "scheduler", "loader", "dataset"])
_FILLS = frozenset(["update", "setdefault", "__setitem__"])


def settings(p: Program) -> Iterator[tuple[str, Event, Event]]:
    """The key that is taken out, where the dictionary was taken without a copy, and where it is popped."""
    places: dict[int, list[Event]] = defaultdict(list)
    for event in p.calls("pop"):
        if event.recv is not None and event.recv.kind == "dict" and event.args:
            places[id(event.node)].append(event)
    for events in places.values():
        first = events[0]
        key = first.args[0].const
        if not isinstance(key, str) or not _again(events) or not _sets_something(p, first, key):
            continue
        if _is_filled(p, first, key) or not _silent_without(first, key):
            continue
        yield key, _taken(p, first), first


def _again(events: list[Event]) -> bool:
    """Whether one dictionary comes to this place at least twice: in two rounds, or by two calls of the function."""
    first = events[0]
    turn = [e for e in events if e.rounds == first.rounds and _way(e) == _way(first)]
    if any(e.recv is not first.recv for e in events) or len(turn) > 1:
        return False  # one of several dictionaries, of which each may come once
    for loop in first.loops:
        if loop.over is not None and any(v is first.recv for v in ancestors(loop.over, limit=200)):
            return False
    return any(e.seq > first.seq and q.same_branch(first, e) and (e.rounds or e.sites) for e in events)


def _way(event: Event) -> list[int]:
    return [id(node) for node, _ in event.sites]


def _sets_something(p: Program, event: Event, key: str) -> bool:
    """Whether what is taken out is in the dictionary, is not the default, and goes into a part of the training."""
    held = event.recv.attrs.get(key) if event.recv is not None else None
    default = event.arg(1, "default")
    if held is None or event.result is not held or (default is not None and f.same(default, held)):
        return False
    made = [e for e in p.all("call") if e.seq > event.seq and e.result is not None and e.result.kind in _MADE]
    given = [a for e in made for a in (*e.args, *e.kwargs.values())]
    return any(v is held for a in given if a.kind not in _MADE for v in ancestors(a, limit=60))


def _is_filled(p: Program, event: Event, key: str) -> bool:
    """Whether the key can be put back."""
    puts = [e for e in p.all("setitem") if e.recv is event.recv and e.args and e.args[0].const in (key, None)]
    more = [e for e in p.calls(*_FILLS) if e.recv is event.recv]
    ends = [
        e for e in p.all("break", "return") if event.loops and e.loops == event.loops and not e.funcs and not e.conds
    ]
    return bool(puts or more or ends)


def _silent_without(event: Event, key: str) -> bool:
    """Whether the second turn goes on without the key: with a default, or since it was asked for first."""
    asked = [c for c in event.conds if isinstance(c[0], (ast.If, ast.IfExp)) and _asks(c[0].test, key) and c[1] == 0]
    others = [c for c in event.conds if all(c is not a for a in asked)]
    return not others and (bool(asked) or event.arg(1, "default") is not None)


def _asks(test: ast.expr, key: str) -> bool:
    """``"key" in settings``."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.In):
        return False
    return isinstance(test.left, ast.Constant) and test.left.value == key


def _taken(p: Program, event: Event) -> Event:
    """The assignment that gave the dictionary its name in the function in which it is popped."""
    func = event.node.func if isinstance(event.node, ast.Call) else None
    name = syntax.text(func.value) if isinstance(func, ast.Attribute) else ""
    for other in reversed(p.all("assign")):
        inside = bool(event.funcs) and bool(other.funcs) and other.funcs[-1].node is event.funcs[-1].node
        if other.seq < event.seq and inside and other.name == name and other.result is event.recv:
            return other
    return event
