"""Trained candidates that are ranked by their scores on the test data, and the first of which is taken."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import best, lineage
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import split_of
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.rounds import split_of_val
from seedbed.doctor.static.values import Val, ancestors

_PICKS = ("max", "min", "argmax", "argmin", "nanargmax", "nanargmin", "sorted", "sort", "nlargest", "nsmallest")


def by_test(p: Program) -> Iterator[tuple[Place | Event | Val, Event]]:
    """Where a score on the test data is taken for a ranking of trained candidates, and where one is picked.

    The program must use what was picked: a model that is put to use, or a setting that is read.
    """
    picks = p.first_calls(*_PICKS)
    tests, others = _measured(p) if picks else ({}, set())
    if not tests or not _has_validation(p):
        return
    drawn = {id(a) for n in q.nodes(p, ast.Call) if _draws(n) for a in n.args}
    picks = [e for e in picks if id(e.node) not in drawn and not _of_each(e)]
    for pick in picks:
        box = pick.recv if pick.name.startswith(".") and pick.recv is not None else pick.arg(0)
        if box is None or not _taken(p, pick, box):
            continue
        for row, kept in _rows(p, box):
            score = _score(pick, row)
            behind = {id(v) for v in ancestors(score, limit=400)} if score is not None else set()
            event = next((e for r, e in tests.items() if r in behind), None)
            if event is None or behind & others or not _trained_in(p, kept, score):
                continue
            yield _cause(p, event, kept), pick
            return


def _of_each(pick: Event) -> bool:
    """Whether one is picked for each row: the class of a sample or a pixel, along another axis than the first."""
    name = pick.name.rsplit(".", 1)[-1]
    axis = pick.kwargs.get("axis") or pick.kwargs.get("dim") or (None if name in ("max", "min") else pick.arg(1))
    return axis is not None and isinstance(axis.const, int) and axis.const > 0


def _draws(call: ast.Call) -> bool:
    """Whether a call sets up a plot, whose limits are the largest or smallest value and no choice."""
    return isinstance(call.func, ast.Attribute) and call.func.attr.removeprefix("set_") in _PLOTS


_PLOTS = frozenset(["ylim", "xlim", "axhline", "axvline", "axis", "annotate", "text", "hlines", "vlines", "ybound"])


def best_by_test(p: Program) -> Iterator[tuple[Place | Event | Val, Event]]:
    """Where a score on the test data is compared with the one to beat, and the weights of the winner are kept."""
    branches = [n for n in q.nodes(p, ast.If) if best.records(n) and (_keeps_weights(n) or _keeps_more(n))]
    tests, others = _measured(p) if branches else ({}, set())
    if not tests or not _has_validation(p):
        return
    parts = {id(t): n for n in branches for t in ast.walk(n.test)}
    for event in p.once("compare"):
        if id(event.node) not in parts:
            continue
        behind = {id(v) for a in event.args for v in ancestors(a, limit=400)}
        measured = next((e for r, e in tests.items() if r in behind), None)
        if measured is None or behind & others:
            continue
        if _keeps_weights(parts[id(event.node)]) or _trained_in(p, event, None):
            yield _cause(p, measured, event), event


def _keeps_more(branch: ast.If) -> bool:
    """Whether something is stored beside the score: the setting or the model that has reached it."""
    stored = [s for s in branch.body if isinstance(s, ast.Assign)]
    parts = [p for s in stored for p in getattr(s.value, "elts", getattr(s.value, "values", [s.value]))]
    return len(parts) > 1


def _keeps_weights(branch: ast.If) -> bool:
    """Whether the branch keeps or saves the weights of a model."""
    return any(isinstance(n, ast.Attribute) and n.attr == "state_dict" for s in branch.body for n in ast.walk(s))


def _measured(p: Program) -> tuple[dict[int, Event], set[int]]:
    """Outputs that were measured on test data alone, with their events, and those on other held-out data."""
    measured = lineage.feeds(p)[1]
    filed = _filed(p) if measured else {}
    splits = [(f.event, _splits(f.x, filed)) for f in measured]
    tests = {id(e.result): e for e, found in splits if found == {"test"}}
    return tests, {id(e.result) for e, found in splits if found - {"test"}}


def _filed(p: Program) -> dict[int, str]:
    """What stands in tables under the name of a split: ``{"test": (x[500:], y[500:])}``."""
    found: dict[int, str] = {}
    for table in p.of_kind("dict"):
        for key, held in table.attrs.items():
            for one in (held, *(held.items or ())):
                split = split_of(key)
                found[id(one)] = split if found.get(id(one), split) == split else ""
    return found


def _splits(x: Val, filed: dict[int, str]) -> set[str]:
    path = lineage.path(x, 40)
    names = {split_of_val(v) or filed.get(id(v), "") for v in path}
    names |= {filed.get(id(v.args[1]), "") for v in path if v.name == "getitem" and len(v.args) > 1}
    loaders = {
        split_of_val(v.args[1]) or filed.get(id(v.args[1]), "") for v in path if v.name == "batch" and v.args[1:]
    }
    return (names | loaders) - {"", "train"}


def _has_validation(p: Program) -> bool:
    """Whether rows were set aside by which the choice could be made."""
    if any(split_of(n) == "val" and v.kind in ("loader", "dataset", "tensor", "tuple") for n, v, _ in p.assigns):
        return True
    return any(split_of(str(key)) == "val" for d in p.of_kind("dict") for key in d.attrs)


def _taken(p: Program, pick: Event, box: Val) -> bool:
    """Whether one is picked: an order must be followed by a look at one end of it."""
    name = pick.name.rsplit(".", 1)[-1]
    if name not in ("sorted", "sort"):
        return name[0] != "n" or name.startswith("nan")
    ordered = box if name == "sort" else pick.result
    return any(
        e.args and e.args[0].const in (0, -1) and q.same(e.recv, ordered) and e.seq > pick.seq for e in p.all("getitem")
    )


def _rows(p: Program, box: Val) -> Iterator[tuple[Val, Event | None]]:
    """What stands in a list or table, with the event that put it there."""
    held = {id(o) for o in box.options()}
    for one in box.options():
        if one.name in ("values", "items", "tensor", "array", "list", "np_array") and one.args:
            held.add(id(one.args[0]))
    for event in p.all("keep", "setitem"):
        if id(event.recv) in held and event.args:
            yield event.args[-1], event
    for one in box.options():
        if one.kind in ("list", "iter") and "comprehension" in one.name:
            for item in one.items or ():
                yield item, None


def _score(pick: Event, row: Val) -> Val | None:
    """The number by which a row is ranked: what the key function looks at, else the row or its first part."""
    key = next((k.value for k in getattr(pick.node, "keywords", []) if k.arg == "key"), None)
    field: object = 0
    if isinstance(key, ast.Lambda):
        body = key.body.operand if isinstance(key.body, ast.UnaryOp) else key.body
        if isinstance(body, ast.Subscript) and isinstance(body.value, ast.Name):
            at = body.slice.operand if isinstance(body.slice, ast.UnaryOp) else body.slice
            field = at.value if isinstance(at, ast.Constant) and at is body.slice else None
        elif isinstance(body, ast.Attribute) and isinstance(body.value, ast.Name):
            field = body.attr
        else:
            return None
    elif isinstance(key, ast.Call) and key.args and isinstance(key.args[0], ast.Constant):
        field = key.args[0].value  # itemgetter("acc"), attrgetter("acc")
    if row.kind in ("number", "tensor"):
        return row
    if row.kind in ("tuple", "list") and row.items and isinstance(field, int) and field < len(row.items):
        return row.items[field]
    return row.attrs.get(field) if isinstance(field, str) else None


def _trained_in(p: Program, kept: Event | None, score: Val | None) -> bool:
    """Whether a candidate is trained for each row: in the loop that keeps it, or in the call that made the score."""
    if kept is not None:
        return any(b.inside(kept.loops[0]) for b in p.all("backward")) if kept.loops else False
    return score is not None and any(len(b.loops) > 0 and b.seq < score.seq for b in p.all("backward"))


def _cause(p: Program, measured: Event, kept: Event | None) -> Place | Event | Val:
    """Where the test data was chosen: the word "test" in a default or a table of settings, or the measuring call."""
    asked = [
        e
        for e in p.all("getitem")
        if e.args and isinstance(e.args[0].const, str) and split_of(e.args[0].const) == "test" and e.seq < measured.seq
    ]
    if asked and isinstance(asked[-1].node, ast.Subscript) and not isinstance(asked[-1].node.slice, ast.Constant):
        return q.spelled(asked[-1], asked[-1].args[0])
    return q.beside(measured, kept) if kept is not None else measured
