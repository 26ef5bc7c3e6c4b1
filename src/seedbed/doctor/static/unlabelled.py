"""Accuracies in which ignored positions cannot be right, but are counted."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import totals
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_MASKS = frozenset(["getitem", "masked_select"])
_JOINS = frozenset(["and", "mul", "logical_and", "bitwise_and"])


def counted(p: Program) -> Iterator[tuple[Event, object, Val]]:
    """Where all positions are counted, the id that the hits and the loss leave out, and the hits."""
    ignored = {k.const for e in p.all("loss") if (k := e.kwargs.get("ignore_index")) is not None and k.kind == "const"}
    hits = [(e, *found) for e in p.once("augment") if e.args and (found := _hits(e.args[0])) is not None]
    for event in p.once("augment") if hits else ():
        whole = _whole(event.args[0]) if event.args and event.name == "Add" else None
        for other, number, truth in hits if whole is not None else ():
            beside = other.funcs[-1:] == event.funcs[-1:] and other.loops == event.loops
            if beside and _alike(truth, whole) and _left_out(number, ignored) and totals.divides_a_count(p, event):
                yield event, number, other.args[0]
                break


def _left_out(number: object, ignored: set[object]) -> bool:
    """Whether the loss leaves this id out: then its positions have no answer that could be right."""
    return number in ignored or number == -100


def _alike(one: Val, other: Val | None) -> bool:
    return other is not None and (f.core(one) is f.core(other) or f.same(one, other))


def _whole(val: Val) -> Val | None:
    """The tensor all of whose entries a number counts."""
    one = f.core(val)
    if one.name == "numel" and one.args and one.args[0].name not in _MASKS:
        return one.args[0]
    return None


def _hits(val: Val) -> tuple[object, Val] | None:
    """``(255, truth)`` for a number of hits among the positions of ``truth`` that are not 255."""
    one = f.core(val)
    if one.name != "sum" or not one.args:
        return None
    inner = f.core(one.args[0])
    marks: list[Val] = []
    if inner.name in _MASKS and len(inner.args) > 1:
        marks, inner = [inner.args[1]], f.core(inner.args[0])
    elif inner.name in _JOINS and len(inner.args) == 2:
        sides = [f.core(a) for a in inner.args]
        hit = next((s for s in sides if _compared(s)), None)
        if hit is not None:
            marks, inner = [s for s in sides if s is not hit], hit
    if not _compared(inner):
        return None
    for side in inner.args:
        if side.name in _MASKS and len(side.args) > 1:
            marks.append(side.args[1])
    truth = next((s for s in inner.args if not f.from_model(s)), None)
    base = truth.args[0] if truth is not None and truth.name in _MASKS else truth
    for mark in (f.core(m) for m in marks):
        number = mark.args[1].const if mark.name == "compare" and len(mark.args) == 2 else None
        if base is not None and number is not None and "NotEq" in mark.tags and _alike(mark.args[0], base):
            return number, base
    return None


def _compared(val: Val) -> bool:
    """Whether it is ``prediction == target``."""
    equal = val.name == "eq" or (val.name == "compare" and "Eq" in val.tags)
    return equal and len(val.args) == 2 and [f.from_model(a) for a in val.args].count(True) == 1
