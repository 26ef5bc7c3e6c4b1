"""How far values reach that are drawn or computed in the program itself: intervals, as wide as the data really are."""

from __future__ import annotations

import math

from seedbed.doctor.static.values import Val

Span = tuple[float, float]
_WIDE = 3.0  # deviations that a few hundred normal draws reach
_UNIT = frozenset(["rand", "rand_like", "np_rand", "np_random", "random", "random_sample", "sigmoid", "softmax"])
_NORMAL = frozenset(["randn", "randn_like", "np_randn", "standard_normal"])
_KEEPS = frozenset(
    [
        "mean", "getitem", "view", "unsqueeze", "squeeze", "reshape", "batch", "element", "part", "float", "tensor",
        "to", "from_numpy", "astype", "train_test_split", "ascontiguousarray", "asarray", "array", "as_tensor",
        "flatten", "ravel", "clone", "copy", "detach", "double", "repeat", "expand", "transpose", "T", "t",
        "contiguous", "numpy",
    ]
)  # fmt: skip


def span(val: Val, depth: int = 0) -> Span | None:
    """The lowest and the highest value, ``None`` where one of its sources is not known."""
    if depth > 24:
        return None
    if val.kind == "const":
        return (float(val.const), float(val.const)) if isinstance(val.const, int | float) else None
    if val.kind in ("phi", "list"):
        parts = [span(o, depth + 1) for o in ((val.items if val.kind == "list" else val.args) or ())]
        known = [s for s in parts if s is not None]
        whole = bool(known) and len(known) == len(parts)
        return (min(s[0] for s in known), max(s[1] for s in known)) if whole else None
    if val.kind not in ("tensor", "number") or "opaque" in val.tags:
        return None
    return _drawn(val) or _mixed(val, depth) or _mapped(val, depth)


def _drawn(val: Val) -> Span | None:
    """What a generator gives."""
    if val.name in _UNIT:
        return (0.0, 1.0)
    if val.name in _NORMAL:
        return (-_WIDE, _WIDE)
    if val.name in ("normal", "np_normal"):
        middle, width = _given(val, "loc", "mean", 0, 0.0), _given(val, "scale", "std", 1, 1.0)
        return None if middle is None or width is None else (middle - _WIDE * width, middle + _WIDE * width)
    if val.name in ("uniform", "np_uniform"):
        low, high = _given(val, "low", "a", 0, 0.0), _given(val, "high", "b", 1, 1.0)
        return None if low is None or high is None else (low, high)
    return None


def _given(val: Val, name: str, other: str, index: int, usual: float) -> float | None:
    """A number of a draw: the usual one where it is left out, ``None`` where it is not known."""
    found = val.kwargs.get(name) or val.kwargs.get(other)
    plain = [a for a in val.args if a.kind not in ("object", "instance") and a.name not in ("Generator", "default_rng")]
    if found is None and index < len(plain) and plain[index].kind not in ("tuple", "list"):
        found = plain[index]
    if found is None:
        return usual
    return float(found.const) if isinstance(found.const, int | float) else None


def _mixed(val: Val, depth: int) -> Span | None:
    """Sums, differences and products of two."""
    if val.name not in ("add", "sub", "mul", "div", "matmul") or len(val.args) != 2:
        return None
    left, right = (span(a, depth + 1) for a in val.args)
    if left is None or right is None:
        return None
    if val.name == "add":
        left, right = ((0.0, 0.0) if faint(a) else s for a, s in zip(val.args, (left, right), strict=True))
        return (left[0] + right[0], left[1] + right[1])
    if val.name == "sub":
        return (left[0] - right[1], left[1] - right[0]) if not _related(*val.args) else None
    if val.name == "div":
        if right[0] <= 0 <= right[1]:
            return None
        right = (1 / right[1], 1 / right[0])
    if val.name == "mul" and val.args[0] is val.args[1]:
        return (0.0, max(left[0] ** 2, left[1] ** 2))
    ends = [a * b for a in left for b in right if not math.isnan(a * b)]
    return (min(ends), max(ends)) if ends else None


def _related(left: Val, right: Val) -> bool:
    """Whether both sides of a difference are made of the same draw, so that it may be of one sign."""
    if left.name == right.name == "getitem" and left.args[0] is right.args[0]:
        return left.args[0].name not in (*_UNIT, *_NORMAL, "uniform", "np_uniform", "normal", "np_normal")
    return bool(_sources(left) & _sources(right))


def _sources(val: Val) -> set[int]:
    stack, seen = [val], set[int]()
    while stack and len(seen) < 80:
        one = stack.pop()
        if id(one) not in seen and one.kind != "const":
            seen.add(id(one))
            stack.extend(one.args)
    return seen


def _mapped(val: Val, depth: int) -> Span | None:
    """Functions of one value."""
    if not val.args or (inner := span(val.args[0], depth + 1)) is None:
        return None
    low, high = inner
    most = max(abs(low), abs(high))
    if val.name in _KEEPS:
        return inner
    if val.name == "neg":
        return (-high, -low)
    if val.name in ("sum", "cumsum"):
        return (min(2 * low, low), max(2 * high, high)) if low < 0 else (low, math.inf)
    if val.name in ("sin", "cos"):
        start, end = (0.0, math.pi) if val.name == "sin" else (-math.pi / 2, math.pi / 2)
        return (0.0, 1.0) if start <= low and high <= end else (-1.0, 1.0)
    if val.name == "tanh":
        return (math.tanh(low), math.tanh(high))
    if val.name == "relu":
        return (max(0.0, low), max(0.0, high))
    if val.name == "abs":
        return (max(0.0, low, -high), most)
    power = 2 if val.name == "square" else val.number(1, "exponent") if val.name == "pow" else None
    if type(power) is int and power > 0:
        return (
            (0.0 if low <= 0 <= high else min(low**power, high**power), most**power)
            if power % 2 == 0
            else (
                low**power,
                high**power,
            )
        )
    return (0.0, math.inf) if val.name in ("exp", "softplus", "sqrt") else None


def faint(val: Val) -> bool:
    """Whether a summand is a little noise: a small number times a draw."""
    numbers = [a.const for a in val.args if isinstance(a.const, (int, float))]
    draws = [a for a in val.args if a.name in ("randn", "randn_like", "np_randn", "standard_normal", "normal")]
    return val.name == "mul" and bool(draws) and bool(numbers) and abs(numbers[0]) <= 0.2
