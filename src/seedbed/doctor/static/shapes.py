"""Shapes as far as they can be known without running: a size is an int, or ``None`` when unknown."""

from __future__ import annotations

from seedbed.doctor.static.values import Shape, Val


def sizes(vals: tuple[Val, ...]) -> Shape | None:
    """The shape given by ``(3, 4)`` or ``((3, 4),)`` or ``([3, 4],)``."""
    if len(vals) == 1 and vals[0].kind in ("tuple", "list") and vals[0].items is not None:
        if "each" in vals[0].tags:
            return None
        vals = tuple(vals[0].items)
    if len(vals) == 1 and vals[0].name in ("shape", "size") and vals[0].kind != "number" and len(vals[0].args) == 1:
        return vals[0].args[0].shape  # torch.zeros(x.shape)
    if any(v.kind in ("phi", "tuple", "list") or v.name == "star" for v in vals):
        return None
    if any(v.name in ("shape", "size") and v.kind != "number" for v in vals):
        return None
    if not all(v.kind in ("const", "unknown", "tensor", "number") for v in vals):
        return None
    return tuple(v.const if v.kind == "const" and isinstance(v.const, int) else None for v in vals)


def rows(val: Val) -> int | None:
    """A number that is written down, or the length of something with a known shape."""
    if val.kind == "const":
        return val.const if isinstance(val.const, int) else None
    held = val.args[0].shape if val.name == "len" and len(val.args) == 1 else None
    return held[0] if held else None


def padded(shape: Shape | None, widths: Val) -> Shape | None:
    """The shape after ``F.pad(x, (left, right, ...))``, which begins with the last axis."""
    if shape is None:
        return None
    out, given = list(shape), widths.items or []
    if not given or len(given) % 2 or len(given) > 2 * len(out) or widths.tags & {"each", "repeat"}:
        return None
    for at in range(len(given) // 2):
        size, (low, high) = out[-1 - at], (v.const for v in given[2 * at : 2 * at + 2])
        known = size is not None and isinstance(low, int) and isinstance(high, int)
        out[-1 - at] = size + low + high if known else None
    return tuple(out)


def axis(dim: object, rank: int) -> int | None:
    """A dim as a non-negative axis, ``None`` when it is not one."""
    if not isinstance(dim, int) or isinstance(dim, bool):
        return None
    dim = dim + rank if dim < 0 else dim
    return dim if 0 <= dim < rank else None


def broadcast(a: Shape | None, b: Shape | None) -> Shape | None:
    """The shape of ``a + b``."""
    if a is None or b is None:
        return None
    rank = max(len(a), len(b))
    left = (1,) * (rank - len(a)) + a
    right = (1,) * (rank - len(b)) + b
    out: list[int | None] = []
    for x, y in zip(left, right, strict=True):
        out.append(y if x == 1 else x if y == 1 else x if x is not None else y)
    return tuple(out)


def is_outer(a: Shape | None, b: Shape | None) -> bool:
    """Whether ``(N, 1)`` meets ``(N,)``, so that elementwise work becomes ``(N, N)``."""
    if a is None or b is None:
        return False
    if len(a) == 1 and len(b) == 2:
        a, b = b, a
    return len(a) == 2 and len(b) == 1 and a[1] == 1 and a[0] != 1 and b[0] != 1


def reduced(shape: Shape | None, dim: object, keep: bool) -> Shape | None:
    """The shape after a reduction over ``dim`` (``None`` as dim: over everything)."""
    if shape is None:
        return None
    if dim is None:
        return ()
    if isinstance(dim, tuple):
        axes = {axis(d, len(shape)) for d in dim}
    else:
        axes = {axis(dim, len(shape))}
    if None in axes:
        return None
    if keep:
        return tuple(1 if i in axes else s for i, s in enumerate(shape))
    return tuple(s for i, s in enumerate(shape) if i not in axes)


def squeezed(shape: Shape | None, dim: object, given: bool) -> Shape | None:
    """The shape after ``squeeze``."""
    if shape is None:
        return None
    if not given:
        # an unknown size (the batch) stays: that is what people mean
        return tuple(s for s in shape if s != 1)
    at = axis(dim, len(shape))
    if at is None:
        return None
    return tuple(s for i, s in enumerate(shape) if i != at) if shape[at] in (1, None) else shape


def unsqueezed(shape: Shape | None, dim: object) -> Shape | None:
    """The shape after ``unsqueeze``."""
    if shape is None:
        return None
    at = axis(dim, len(shape) + 1)
    return None if at is None else (*shape[:at], 1, *shape[at:])


def viewed(shape: Shape | None, wanted: Shape | None) -> Shape | None:
    """The shape after ``view``/``reshape``; ``-1`` becomes known when everything else is."""
    if wanted is None:
        return None
    if -1 not in wanted:
        return wanted
    rest: int | None = None
    if shape and shape[0] is None and wanted[0] is None and None not in shape[1:] and -1 in wanted[1:]:
        inner = viewed(shape[1:], wanted[1:])  # the batch stays in front
        return None if inner is None else (None, *inner)
    if shape is not None and None not in shape:
        total = 1
        for s in shape:
            total *= s or 0
        known = 1
        for w in wanted:
            known = known * w if w not in (-1, None) else known
        if None not in wanted and known and total % known == 0:
            rest = total // known
    return tuple(rest if w == -1 else w for w in wanted)


def flattened(shape: Shape | None, start: object, end: object = -1) -> Shape | None:
    """The shape after ``flatten(start, end)``."""
    if shape is None or not shape:
        return shape
    a, b = axis(start, len(shape)), axis(end, len(shape))
    if a is None or b is None or a > b:
        return None
    size: int | None = 1
    for s in shape[a : b + 1]:
        size = None if size is None or s is None else size * s
    return (*shape[:a], size, *shape[b + 1 :])


def matmul(a: Shape | None, b: Shape | None) -> Shape | None:
    """The shape of ``a @ b``."""
    if a is None or b is None or not a or not b:
        return None
    if len(a) == 1 and len(b) == 1:
        return ()
    if len(b) == 1:
        return a[:-1]
    if len(a) == 1:
        return (*b[:-2], b[-1])
    lead = a[:-2] if len(a) >= len(b) else b[:-2]
    return (*lead, a[-2], b[-1])
