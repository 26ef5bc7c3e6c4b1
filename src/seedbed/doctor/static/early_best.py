"""Scores that are compared with a best that already holds them: the comparison never sees an improvement."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_BETTER = {"Lt": (True, 0), "GtE": (True, 1), "Gt": (False, 0), "LtE": (False, 1)}  # lower is better; the better arm
_FLIPPED = {"Lt": "Gt", "Gt": "Lt", "LtE": "GtE", "GtE": "LtE"}


def counters(p: Program) -> Iterator[tuple[str, Event | Val, Event]]:
    """Counters of bad rounds that go up in every round, where the best was updated, and the late comparison."""
    for late in p.once("compare"):
        if not late.loops or late.result is None or len(late.args) != 2:
            continue
        for score, best, lower, arm in _sides(late):
            updated = _updated(p, late, score, best, lower)
            if updated is None:
                continue
            for counter in _counted(p, late, 1 - arm):
                if not _zeroed(p, late, counter):
                    yield counter, updated, late


def _sides(event: Event) -> Iterator[tuple[Val, Val, bool, int]]:
    """A score, what it is compared with, whether less is better, and in which arm it was better."""
    one, two = event.args
    for score, best, name in ((one, two, event.name), (two, one, _FLIPPED.get(event.name, ""))):
        if name in _BETTER and score.kind not in ("const", "phi"):
            yield (score, best, *_BETTER[name])


def _updated(p: Program, late: Event, score: Val, best: Val, lower: bool) -> Event | Val | None:
    """Where the best took the score over before the two are compared; ``None`` unless it certainly is no worse."""
    held = _without_margin(best, lower)
    if held.name in (("min", "minimum") if lower else ("max", "maximum")) and any(a is score for a in held.args):
        return held if held.kind in ("number", "tensor", "unknown") and len(held.args) == 2 else None
    if held.kind != "phi" or len(held.args) != 2 or not any(a is score for a in held.args):
        return None
    old = next((a for a in held.args if a is not score), None)
    for early in p.all("compare"):
        if early.seq >= late.seq or early.result is None or early.node is late.node or len(early.args) != 2:
            continue
        for one, two, less, arm in _sides(early):
            if one is score and two is old and less is lower:
                stored = _stored(p, late, early, arm, score)
                if stored is not None:
                    return stored
    return None


def _without_margin(best: Val, lower: bool) -> Val:
    """What is left of ``best - delta``, where less is better, when the margin is not negative."""
    if best.name == ("sub" if lower else "add") and len(best.args) == 2:
        margin = best.args[1].const if best.args[1].kind == "const" else None
        if isinstance(margin, (int, float)) and margin >= 0:
            return best.args[0]
    return best


def _stored(p: Program, late: Event, early: Event, arm: int, score: Val) -> Event | None:
    """The statement that keeps the score under the name that the late comparison reads."""
    names = {syntax.text(n).rsplit(".", 1)[-1] for n in syntax.walk(late.node) if isinstance(n, ast.expr)}
    for event in p.all("attribute", "assign"):
        value = event.result if event.kind == "assign" else event.args[-1] if event.args else None
        if value is score and early.seq < event.seq < late.seq and event.name in names and _in_arm(event, early, arm):
            return event
    return None


def _in_arm(event: Event, test: Event, arm: int) -> bool:
    """Whether it stands directly in one arm of the branch that only this comparison decides."""
    return bool(event.conds) and event.conds[-1][1] == arm and event.conds[-1][2] is test.result


def _counted(p: Program, late: Event, arm: int) -> Iterator[str]:
    for event in p.all("augment"):
        by_one = event.name == "Add" and bool(event.args) and f.core(event.args[-1]).const == 1
        if by_one and isinstance(event.node, ast.AugAssign) and _in_arm(event, late, arm):
            yield syntax.text(event.node.target)


def _zeroed(p: Program, late: Event, counter: str) -> bool:
    """Whether the counter is set to something in the loop at another place than in the arm that is never taken."""
    last = counter.rsplit(".", 1)[-1]
    for event in p.all("attribute", "assign"):
        value = event.result if event.kind == "assign" else event.args[-1] if event.args else None
        if event.name != last or value is None or not event.inside(late.loops[-1]):
            continue
        own = any(c[0] is mine for c in event.conds for mine in _branches(p, late))
        if not own:
            return True
    return False


def _branches(p: Program, late: Event) -> list[ast.AST]:
    """The branches that the late comparison decides."""
    return list({id(c[0]): c[0] for e in p.all("augment") for c in e.conds if c[2] is late.result}.values())
