"""Changes of a list of layers after it was made: inserted, removed, taken out, cut and turned round."""

from __future__ import annotations

import ast

from seedbed.doctor.static import building, vocabulary
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Val, const

_UNSURE = frozenset(("each", "grown", "repeat", "maybe"))


def _whole(run: Machine, held: Val) -> bool:
    """Whether the list is known item by item, and what happens now happens for certain and once."""
    sure = held.items is not None and held.kind in ("list", "module") and not held.tags & _UNSURE
    return sure and all(frame.exact for frame in run.loops)


def insert(run: Machine, held: Val, at: Val, new: Val) -> None:
    """``held.insert(at, new)``: where the place is not known, at the end."""
    if held.items is None:
        held.items = []
    if len(held.items) >= 64:
        return
    known = place(held, at)
    held.items.insert(len(held.items) if known is None else known, new)
    building.mark(run, held, new)


def changed(run: Machine, held: Val, name: str, node: ast.AST, args: tuple[Val, ...]) -> Val | None:
    """``held.remove(one)``, ``held.reverse()``, and the place that ``held.index(word)`` gives, where it is known."""
    if name == "index" and args and (at := vocabulary.place_of(held, args[0])) is not None:
        return const(at, node, run.src)
    if name == "remove" and args and held.items:
        known = {id(o) for o in args[0].options()}
        for item in [i for i in held.items if id(i) in known and i.kind == "module"][:1]:
            _out(run, held, item)
    elif name == "reverse" and held.items and _whole(run, held) and not building.arm(run, held):
        held.items.reverse()
    return None


def place(held: Val, at: Val) -> int | None:
    """A position in a list: a number, or one that is counted from its length."""
    if at.kind == "const":
        return at.const if isinstance(at.const, int) else None
    if at.name == "len" and at.args and at.args[0] is held:
        return len(held.items or ())
    if at.name == "sub" and len(at.args) == 2 and isinstance(at.args[1].const, int):
        start = place(held, at.args[0])
        return start - at.args[1].const if start is not None else None
    if at.name == "floordiv" and len(at.args) == 2 and isinstance(at.args[1].const, int) and at.args[1].const:
        start = place(held, at.args[0])
        return start // at.args[1].const if start is not None else None
    return None


def take(run: Machine, held: Val, at: Val | None = None) -> Val:
    """``held.pop(at)`` or ``del held[at]``: the item, which the list of layers then no longer has."""
    items = held.items or []
    known = -1 if at is None else place(held, at)
    if known is None or not -len(items) <= known < len(items):
        return items[-1]
    one = items[known]
    if one.kind == "module":
        _out(run, held, one)
    return one


def _out(run: Machine, held: Val, one: Val) -> None:
    """An item goes: it may be missing where that stands under an open condition."""
    if held.tags & {"each", "grown", "repeat"} or not all(frame.exact for frame in run.loops):
        return
    under = building.arm(run, held)
    if under:
        one.tags.add(under)
        held.tags.add("maybe")
        return
    held.items = held.items or []
    at = max(i for i, v in enumerate(held.items) if v is one)
    del held.items[at]
    for name in [k for k, v in held.attrs.items() if v is one][-1:]:
        del held.attrs[name]


def cut(run: Machine, held: Val, key: Val, new: Val | None = None) -> bool:
    """``del held[a:b]`` or ``held[a:b] = new``; whether it could be followed."""
    part = span(key)
    fresh = [] if new is None else new.items
    if part is None or fresh is None or not _whole(run, held) or building.arm(run, held) or held.kind != "list":
        return False
    items = held.items or []
    try:
        items[part] = fresh
    except ValueError:
        return False
    return True


def span(key: Val) -> slice | None:
    """A slice whose ends and step are all known."""
    ends = [a.const if a.kind == "const" else "?" for a in key.args[:3]]
    if key.kind != "slice" or not all(e is None or type(e) is int for e in ends) or ends[2:] == [0]:
        return None
    return slice(*ends) if ends else None


def sliced(held: Val, key: Val) -> list[Val]:
    """The items of ``held[a:b:c]``: an end that is not known is left open."""
    ends = [a.const if a.kind == "const" and type(a.const) is int else None for a in key.args[:3]]
    if ends[2:] == [0]:
        ends[2] = None
    return list((held.items or [])[slice(*ends)])
