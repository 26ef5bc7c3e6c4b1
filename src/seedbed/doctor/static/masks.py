"""Masks of attention that are numbers: those are added to the scores, so ones and zeros hide nothing."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_LAYOUT = frozenset([
    "getitem", "unsqueeze", "view", "reshape", "expand", "contiguous", "to", "cuda", "cpu", "float", "double", "half",
    "bfloat16", "type", "type_as", "astype", "repeat", "clone", "detach", "squeeze", "from_numpy", "tensor",
    "as_tensor", "asarray", "array", "Parameter", "data", "np_float32", "requires_grad_", "transpose", "T", "t",
])  # fmt: skip
_VIEWS = frozenset(["getitem", "unsqueeze", "view", "reshape", "expand", "squeeze", "data", "detach"])
_ONES = frozenset(["ones", "new_ones", "ones_like", "np_ones"])
_FILLED = frozenset(["full", "new_full", "full_like"])
_TESTS = frozenset(["compare", "eq", "ne", "ge", "gt", "le", "lt"])
_FLOATS = frozenset(["float", "half", "bfloat16", "double", "float32", "float64", "float16"])
# Where library layers take a mask that is added when it is not boolean: its place and its name.
_PLACES = {
    "MultiheadAttention": ((5, "attn_mask"),),
    "TransformerEncoder": ((1, "mask"),),
    "TransformerEncoderLayer": ((1, "src_mask"),),
    "TransformerDecoder": ((2, "tgt_mask"),),
    "TransformerDecoderLayer": ((2, "tgt_mask"),),
    "Transformer": ((2, "src_mask"), (3, "tgt_mask")),
}


def counted(mask: Val) -> Val | None:
    """The triangle or comparison of which a mask of floats keeps the ones and zeros, ``None`` when that is not sure."""
    options = list(mask.options())
    found = [_of_ones(o) if _type(o) in _FLOATS else None for o in options]
    return found[0] if found and all(one is not None for one in found) else None


def _type(val: Val) -> str:
    """The type of a tensor; that of a parameter, or of a view of one, is that of what it was made from."""
    current = val
    for _ in range(8):
        if current.dtype or current.name not in ("Parameter", *_VIEWS) or not current.args:
            break
        current = current.args[0]
    return current.dtype


def _of_ones(val: Val, depth: int = 0) -> Val | None:
    """What makes a value of nothing but ones and zeros that divides the positions in time."""
    if depth > 20 or "opaque" in val.tags:
        return None
    if val.kind == "phi":
        found = [_of_ones(o, depth + 1) for o in val.options()]
        return found[0] if all(one is not None for one in found) else None
    if val.name in ("tril", "triu") and val.args:
        return val if _ones(val.args[0]) else None
    if val.name in _TESTS and len(val.args) > 1:
        return val if _in_time(val) else None
    if val.name == "Parameter" and val.grad:
        return None  # it is learned
    if val.name in _LAYOUT and val.args:
        return _of_ones(val.args[0], depth + 1)
    if val.name == "sub" and len(val.args) == 2 and val.args[0].const == 1:
        return _of_ones(val.args[1], depth + 1)
    if val.name in ("invert", "logical_not") and val.args:
        return _of_ones(val.args[0], depth + 1)
    return None


def _ones(val: Val) -> bool:
    current = val
    for _ in range(10):
        if current.name in _LAYOUT and current.args:
            current = current.args[0]
    if current.name in _FILLED and len(current.args) > 1:
        return current.args[1].const in (1, 1.0)
    return current.name in _ONES


def _in_time(val: Val) -> bool:
    """Whether positions are compared with positions, or a triangle with a number."""
    left, right = val.args[:2]
    if right.kind == "const":
        return any(v.name in ("tril", "triu") for v in q.chain(left))
    ranges = [[v for v in ancestors(one, limit=12) if v.name == "arange"] for one in (left, right)]
    plain = all(not any(v.grad or v.name == "batch" for v in ancestors(one, limit=12)) for one in (left, right))
    return plain and bool(ranges[0]) and bool(ranges[1])


def added(p: Program) -> Iterator[tuple[Event | Val, Val, Val, str]]:
    """Masks of ones and zeros that are added to scores: where, the mask, what made it, and by whom it is added."""
    for event in p.calls("scaled_dot_product_attention"):
        yield from _taken(event, event.arg(3, "attn_mask"), "scaled_dot_product_attention")
    for event in training.forwards_inside(p, *_PLACES):
        if event.recv is not None and event.recv.owner is None:
            for at, name in _PLACES[event.name]:
                yield from _taken(event, event.arg(at, name), f"nn.{event.name}")
    for made, source in training.softmaxes(p):
        top = _sum_of(source)
        sides = [a for a in top.args if a.grad] if top is not None else []
        others = [a for a in top.args if not a.grad] if top is not None else []
        if top is None or len(sides) != 1 or len(others) != 1 or not _scores(sides[0]):
            continue
        triangle = _of_ones(others[0])
        weighs = any(u.name in ("matmul", "bmm", "einsum", "dropout") for u in q.users(p, made))
        if top is source and f.core(others[0]) is triangle:
            continue  # another rule says so
        if triangle is not None and weighs and others[0].dtype != "bool" and not hidden(p, sides[0]):
            yield top, others[0], triangle, "the sum of scores and mask"


def _taken(event: Event, mask: Val | None, by: str) -> Iterator[tuple[Event | Val, Val, Val, str]]:
    made = counted(mask) if mask is not None else None
    if mask is not None and made is not None:
        yield event, mask, made, by


def _sum_of(source: Val) -> Val | None:
    """The sum that goes into a softmax."""
    current = source
    for _ in range(8):
        if current.kind == "phi":
            return None
        if current.name in ("add", "add_") and len(current.args) == 2:
            return current
        scaled = (
            current.name in ("div", "mul") and len(current.args) == 2 and current.args[1].kind in ("const", "number")
        )
        if (not scaled and current.name not in _LAYOUT - {"getitem"}) or not current.args:
            return None
        current = current.args[0]
    return None


def _scores(val: Val) -> bool:
    """Whether it is made by multiplying queries with keys, and nothing is hidden in it yet."""
    parts = list(ancestors(val, limit=40))
    until = next((i for i, v in enumerate(parts) if v.name in ("matmul", "bmm", "einsum")), None)
    return until is not None and not any(v.name in ("masked_fill", "masked_fill_", "where") for v in parts[:until])


def hidden(p: Program, scores: Val) -> bool:
    """Whether some scores are set in place, to hide them."""
    parts = {id(v) for v in q.chain(scores)[:8]}
    return any(e.recv is not None and id(e.recv) in parts for e in p.all("setitem", "inplace"))


def changed(p: Program, mask: Val) -> bool:
    """Whether a mask gets other numbers in place."""
    parts = {id(v) for v in ancestors(mask, limit=60)}
    events = p.all("setitem", "inplace", "augment")
    return any(e.recv is not None and any(id(o) in parts for o in e.recv.options()) for e in events)
