"""The parts of a comprehension that is unpacked: each is a thing of its own, though one expression made them all."""

from __future__ import annotations

import copy

from seedbed.doctor.static.values import Val

_KINDS = frozenset(
    ["tensor", "dataset", "loader", "tuple", "list", "number", "unknown", "dict", "slice", "iter", "phi"]
)
_DEEP = 40


def sibling(whole: Val, index: int) -> Val:
    """Part ``index`` of a list whose items were made by one expression from one element each."""
    first = (whole.items or [whole])[0]
    seed = whole.attrs.get("__element__")
    if index == 0 or seed is None or first.kind not in _KINDS:
        return first
    known = whole.attrs.setdefault(f"__part{index}__", first)
    if known is first:
        known = _other(first, seed, {}, 0)
        if known is first and first.kind in ("tensor", "dataset", "loader"):
            known = _copied(first)  # made anew for each, from nothing of its own: another draw, say
        if known is not first:
            known.var = ""  # it gets a name of its own
        whole.attrs[f"__part{index}__"] = known
    return known


def _other(val: Val, seed: Val, made: dict[int, Val], depth: int) -> Val:
    """``val`` as it would be for another element than ``seed``; ``val`` itself where the element has no part in it."""
    if id(val) in made:
        return made[id(val)]
    if val is seed or (seed.kind == "tuple" and any(val is item for item in seed.items or ())):
        made[id(val)] = _copied(val)
        return made[id(val)]
    made[id(val)] = val  # what contains itself ends here
    if depth > _DEEP or val.kind not in _KINDS or val.seq < seed.seq:
        return val
    args = tuple(_other(a, seed, made, depth + 1) for a in val.args)
    items = [_other(i, seed, made, depth + 1) for i in val.items] if val.items is not None else None
    attrs = {k: _other(v, seed, made, depth + 1) for k, v in val.attrs.items() if not k.startswith("__")}
    words = {k: _other(v, seed, made, depth + 1) for k, v in val.kwargs.items()}
    parts = [*zip(args, val.args, strict=True), *((words[k], val.kwargs[k]) for k in words)]
    parts += list(zip(items or (), val.items or (), strict=True))
    parts += [(attrs[k], val.attrs[k]) for k in attrs]
    if all(a is b for a, b in parts):
        return val
    one = _copied(val)
    one.args, one.items, one.kwargs = args, items, words
    one.attrs = {**{k: v for k, v in val.attrs.items() if k.startswith("__") and k != "__sample__"}, **attrs}
    made[id(val)] = one
    return one


def _copied(val: Val) -> Val:
    one = copy.copy(val)
    one.tags, one.attrs = set(val.tags), dict(val.attrs)
    return one
