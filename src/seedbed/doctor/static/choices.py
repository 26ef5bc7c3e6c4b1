"""Picking from a list of scores: ``argmin``, ``max``, ``sorted(...)[0]``, and what the pick is used for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_LOW = frozenset(["min", "argmin", "nanargmin", "nanmin", "amin"])
_HIGH = frozenset(["max", "argmax", "nanargmax", "nanmax", "amax"])


def wrong_picks(p: Program) -> Iterator[tuple[Event, str]]:
    """Picks of the best that take the lowest of scores, or the highest of losses: the event and what is wrong."""
    seen: set[int] = set()
    for event in p.first_calls(*_LOW, *_HIGH, "sorted"):
        name = event.name.rsplit(".", 1)[-1]
        box = event.recv if event.recv is not None and event.name.startswith(".") else event.arg(0)
        if box is None or event.result is None or id(event.node) in seen or (len(event.args) > 1 and name != "sorted"):
            continue
        meant = _by_key(event, box) or _meant(box)
        lowest = _takes_lowest(p, event, name) if meant else None
        if lowest is None or (meant == "loss") is lowest or not is_best(p, event.result):
            continue
        seen.add(id(event.node))
        what = "the lowest of scores such as accuracy" if lowest else "the highest loss"
        yield event, f"{name}() takes {what} as the best"


def _takes_lowest(p: Program, event: Event, name: str) -> bool | None:
    """Whether the smallest is picked; ``None`` where that is not clear."""
    if name != "sorted":
        return name in _LOW
    falling = event.kwargs.get("reverse")
    if falling is not None and falling.const not in (True, False):
        return None
    picked = {
        u.args[1].const
        for u in (p.users(event.result) if event.result is not None else ())
        if u.name == "getitem" and len(u.args) > 1 and u.args[1].kind == "const"
    }
    if picked not in ({0}, {-1}):
        return None
    return (picked == {0}) is not (falling is not None and bool(falling.const))


def _meant(box: Val) -> str:
    """What the scores in a list (first of a tuple) or a table are: ``loss``, ``acc`` or ``""``."""
    rows = list(box.items or box.attrs.values() or (box.args[:1] if box.name == "values" else ()))
    if box.name in ("values", "items") and box.args:
        rows = [*(box.args[0].items or ()), *box.args[0].attrs.values()]
    scores: list[Val] = []
    for row in rows:
        parts = row.items if row.kind in ("tuple", "list") and row.items else [row]
        numbers = [i for i in parts if i.kind in ("number", "tensor", "phi")]
        if box.kind == "list" and row.kind == "tuple":
            numbers = numbers[:1] if parts and numbers and parts[0] is numbers[0] else []
        scores += numbers
    found = {training.meaning(s) for s in scores}
    return found.pop() if len(found) == 1 else ""


def _by_key(event: Event, box: Val) -> str:
    """What ``key=lambda r: r["acc"]`` looks at in every row."""
    node = next((k.value for k in getattr(event.node, "keywords", []) if k.arg == "key"), None)
    body, keys = (node.body, list[object]()) if isinstance(node, ast.Lambda) else (None, [])
    while isinstance(body, ast.Subscript):
        keys.insert(0, body.slice.value if isinstance(body.slice, ast.Constant) else None)
        body = body.value
    if not isinstance(body, ast.Name) or not keys or keys[0] is None:
        return ""
    found = set()
    for row in box.items or ():
        one: Val | None = row
        for key in keys:
            if one is not None and one.kind == "dict":
                one = one.attrs.get(str(key))
            else:
                items = one.items if one is not None and isinstance(key, int) else None
                one = items[key] if items and isinstance(key, int) and -len(items) <= key < len(items) else None
        found.add(training.meaning(one) if one is not None else "")
    return found.pop() if len(found) == 1 else ""


def _told_best(p: Program) -> list[Event]:
    """Prints in which the word "best" stands."""
    return [
        e
        for e in p.first_calls("print")
        if any(isinstance(n, ast.Constant) and "best epoch" in str(n.value).lower() for n in ast.walk(e.node))
    ]


def is_best(p: Program, picked: Val) -> bool:
    """Whether what is picked is called the best, or gives the weights that are put into a model."""
    for name, val, _ in p.assigns:
        if "best" in words(name) and any(v is picked for v in ancestors(val, limit=10)):
            return True
    if any(v is picked for e in _told_best(p) for a in e.args for v in ancestors(a, limit=6)):
        return True
    gone = {t.lineno for d in q.nodes(p, ast.Delete) for t in d.targets}
    for event in p.all("getitem"):
        kept = event.recv.items if event.recv is not None else None
        if not kept or event.line in gone or not any(i.kind in ("state", "module") for i in kept):
            continue
        if any(v is picked for a in event.args for v in ancestors(a, limit=10)):
            return True
    return any(v is picked for e in p.all("restore") for a in e.args for v in ancestors(a, limit=30))
