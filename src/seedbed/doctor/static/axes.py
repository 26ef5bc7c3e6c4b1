"""What each axis of a tensor counts, by the name of its size: (B, heads, T, d), where no size is a known number."""

from __future__ import annotations

import re

from seedbed.doctor.static import op_shapes, shapes, tokens
from seedbed.doctor.static.values import Val

Axis = tuple[str, int, int] | None  # a number that is written down, or the axis of a tensor; None: not known
Axes = tuple[Axis, ...]

_KEEP = op_shapes.SAME | {"LayerNorm", "RMSNorm", "scaled", "forward"}
_PAIRWISE = frozenset(["add", "sub", "mul", "div", "where"])
_TURNS = frozenset(["permute", "transpose", "swapaxes", "movedim"])
_PRODUCT = re.compile(r"^[a-zA-Z]+,[a-zA-Z]+->[a-zA-Z]+$")


def size(val: Val) -> Axis:
    """What a size stands for."""
    if val.kind == "const":
        return ("number", val.const, 0) if type(val.const) is int and val.const > 0 else None
    read = tokens.axis_read(val) if val.kind in ("number", "unknown", "tensor") else None
    if read is None or read[0] is val or read[1] < 0:
        return ("value", id(val), 0) if val.kind in ("number", "unknown") else None
    base, at = read
    for _ in range(30):
        named = of(base)
        if named is not None:
            return named[at] if at < len(named) else None
        wide = base.name in ("Linear", "linear") and at < 2
        if not (wide or (base.name in _KEEP and base.name not in _PAIRWISE)) or not base.args:
            break
        base = base.args[0]
    return ("axis", id(base), at)


def of(val: Val, depth: int = 0) -> Axes | None:
    """The axes of a tensor, if it was given its sizes in the program; ``None`` when they are not certain."""
    if depth > 40 or val.kind != "tensor" or not val.args:
        return None
    first = val.args[0]
    if val.name in ("view", "reshape"):
        return _cut(val)
    if val.name in ("matmul", "bmm") and len(val.args) > 1:
        one, two = of(first, depth + 1), of(val.args[1], depth + 1)
        return (*one[:-1], two[-1]) if one and two and len(one) == len(two) > 1 else None
    if val.name == "einsum" and len(val.args) == 3:
        return _summed(val, depth)
    if val.name == "scaled_dot_product_attention" and len(val.args) > 2:
        one, two = of(first, depth + 1), of(val.args[2], depth + 1)
        return (*one[:-1], two[-1]) if one and two and len(one) == len(two) else None
    inner = of(first, depth + 1)
    if inner is None:
        return None
    if val.name in _TURNS:
        return _turned(val, inner)
    if val.name == "part":
        return inner[1:] if first.name in (*_TURNS, "view", "reshape") else None
    if val.name == "getitem" and len(val.args) == 2:
        return inner[1:] if type(val.args[1].const) is int else None
    if val.name in _PAIRWISE and any(a.kind == "tensor" and a.shape is None for a in val.args[1:]):
        other = of(val.args[1], depth + 1) if len(val.args) == 2 else None
        return inner if other is not None and len(other) <= len(inner) else None
    return inner if val.name in _KEEP else None


def _cut(val: Val) -> Axes | None:
    """The sizes that a ``view`` was given."""
    given = val.args[1:]
    if len(given) == 1 and given[0].items is not None:
        if given[0].tags & {"each", "repeat"}:
            return None
        given = tuple(given[0].items)
    if not given or any(g.kind in ("phi", "tuple", "list") or g.name == "star" for g in given):
        return None
    if any(g.name in ("shape", "size") and g.kind != "number" for g in given):
        return None
    return tuple(size(g) for g in given)


def _turned(val: Val, inner: Axes) -> Axes | None:
    """The axes after ``permute`` or ``transpose``."""
    given = val.args[1].items if len(val.args) == 2 and val.args[1].items is not None else list(val.args[1:])
    order = [shapes.axis(g.const, len(inner)) for g in given]
    places = [at for at in order if at is not None]
    if len(places) != len(order):
        return None
    if val.name == "permute":
        return tuple(inner[at] for at in places) if sorted(places) == list(range(len(inner))) else None
    if len(places) != 2:
        return None
    out = list(inner)
    if val.name == "movedim":
        out.insert(places[1], out.pop(places[0]))
    else:
        out[places[0]], out[places[1]] = out[places[1]], out[places[0]]
    return tuple(out)


def _summed(val: Val, depth: int) -> Axes | None:
    """The axes that the letters of an ``einsum`` of two tensors stand for."""
    text = val.args[0].const
    plan = text.replace(" ", "") if isinstance(text, str) else ""
    if not _PRODUCT.match(plan):
        return None
    before, _, after = plan.partition("->")
    known: dict[str, Axis] = {}
    for letters, one in zip(before.split(","), val.args[1:], strict=True):
        axes = of(one, depth + 1)
        if axes is None or len(axes) != len(letters):
            return None
        known.update(zip(letters, axes, strict=True))
    return tuple(known.get(letter) for letter in after)


def moved(source: Val, sizes: tuple[Val, ...]) -> bool:
    """Whether (B, heads, T, d) is cut into (B, T, ...): what stands on axis 2 is named second, and its data is not."""
    old = of(source)
    new = [size(s) if s.const != -1 else None for s in sizes]
    if old is None or len(old) != 4 or len(new) != 3 or new[0] is None or new[1] is None:
        return False
    if old[1] in (None, ("number", 1, 0)) or old[2] in (old[1], old[3]):
        return False
    return new[0] == old[0] and new[1] == old[2]
