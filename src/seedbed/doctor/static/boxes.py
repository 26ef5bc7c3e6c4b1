"""What the four numbers of a box are: pieces of a table of boxes, centres made of corners, corners made of centres."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val

_TAKEN_APART = frozenset(["unbind", "chunk", "chunks", "split", "tensor_split"])
_SAME = TRANSPARENT - {"cat", "stack", "getitem", "forward"}
_PLAIN = frozenset(["const", "number"])


def piece(val: Val) -> tuple[Val, int] | None:
    """The table that columns are cut out of and the first of them: ``b[:, 2:]``, ``b[..., 0]``, ``b.unbind(-1)``."""
    val = f.core(val)
    if val.name == "part" and val.place is not None and val.args and val.args[0].name in _TAKEN_APART:
        made = val.args[0]
        width = 1 if made.name == "unbind" else 2 if made.number(1, "chunks") == 2 else 0
        return (made.args[0], val.place * width) if made.args and width else None
    if val.name != "getitem" or len(val.args) != 2 or val.args[1].kind != "tuple":
        return None
    keys = val.args[1].items or []
    if len(keys) < 2:
        return None
    last = keys[-1]
    if last.kind == "const" and isinstance(last.const, int):
        return val.args[0], last.const
    bounds = last.items or last.args
    if "slice" not in (last.kind, last.name) or not bounds or any(b.kind != "const" for b in bounds):
        return None
    return val.args[0], int(bounds[0].const or 0)


def origin(val: Val) -> Val:
    """Where a table of boxes was made: rows, batches and the scale of all numbers are seen through."""
    for _ in range(40):
        if getattr(val.owner, "kind", "") == "module" or "opaque" in val.tags:
            return val
        inner = f.core(val) if val.kind == "phi" else val
        if inner is not val:
            val = inner
        elif len(val.args) == 2 and _keeps_columns(val):
            val = val.args[0]
        elif val.name in ("batch", "part") or val.name in _SAME:
            below = lineage.data_input(val)
            if len(below) != 1 or val.kind != "tensor":
                return val
            val = below[0]
        else:
            return val
    return val


def _keeps_columns(val: Val) -> bool:
    """Whether rows are picked, or all numbers are scaled by one."""
    if val.name == "getitem":
        return val.args[1].kind not in ("tuple", *_PLAIN)
    return val.name in ("div", "mul") and val.args[1].kind in _PLAIN


def is_centred(made: Val) -> bool:
    """Whether boxes are put together as centre and size: ``cat([xy + wh / 2, wh])``, or converted to that."""
    if made.name == "box_convert":
        out = made.arg(2, "out_fmt")
        return out is not None and out.const == "cxcywh"
    items = made.args[0].items if made.name in ("cat", "stack", "concat", "concatenate") and made.args else None
    if items is None or len(items) not in (2, 4):
        return False
    half = len(items) // 2
    return all(_centre_of(items[i], items[i + half]) for i in range(half))


def _centre_of(centre: Val, size: Val) -> bool:
    """``low + size / 2``, or ``(low + high) / 2`` where the size is ``high - low``."""
    centre, size = f.core(centre), f.core(size)
    both = halved(centre)
    if both is not None:
        low_high = f.core(both)
        ends = low_high.name == "add" and size.name == "sub" and len(low_high.args) == len(size.args) == 2
        return ends and any(
            f.same(size.args[0], a) and f.same(size.args[1], b) for a, b in (low_high.args, low_high.args[::-1])
        )
    if centre.name != "add" or len(centre.args) != 2:
        return False
    return any(h is not None and f.same(h, size) for h in map(halved, centre.args))


def halved(val: Val) -> Val | None:
    """``v`` of ``v / 2`` and ``0.5 * v``."""
    val = f.core(val)
    if val.name in ("div", "mul", "floor_divide") and len(val.args) == 2:
        for number, rest in (val.args[::-1], val.args) if val.name == "mul" else (val.args[::-1],):
            if number.kind == "const" and number.const == (0.5 if val.name == "mul" else 2):
                return rest
    return None


def measured(p: Program) -> Iterator[tuple[Val, Val]]:
    """Anchors by whose place and size others are told, ``(c - a[:, :2]) / a[:, 2:]``, ``a[:, :2] + d * a[:, 2:]``."""
    for val in p.made("div", "add"):
        if len(val.args) != 2:
            continue
        inner = f.core(val.args[0])
        if val.name == "div" and inner.name == "sub" and len(inner.args) == 2:
            pairs = [(inner.args[1], val.args[1])]
        else:
            both = (val.args, val.args[::-1]) if val.name == "add" else ()
            products = [(low, f.core(rest)) for low, rest in both]
            pairs = [(low, a) for low, rest in products if rest.name == "mul" for a in rest.args]
        for low, wide in pairs:
            at, by = piece(low), piece(wide)
            if at is not None and by is not None and at[0] is by[0] and at[1] in (0, 1) and by[1] == at[1] + 2:
                yield at[0], val


def converted(p: Program) -> Iterator[tuple[Val, Val]]:
    """Tables of boxes from which corners are made, ``b[:, :2] - b[:, 2:] / 2``, and where that happens."""
    for val in p.made("sub"):
        size = halved(val.args[1]) if len(val.args) == 2 else None
        low, wide = piece(val.args[0]) if size is not None else None, piece(size) if size is not None else None
        if low is not None and wide is not None and low[0] is wide[0] and low[1] in (0, 1) and wide[1] == low[1] + 2:
            yield low[0], val
    for val in p.made("box_convert"):
        given = val.arg(1, "in_fmt")
        if given is not None and given.const == "cxcywh" and val.args:
            yield val.args[0], val
