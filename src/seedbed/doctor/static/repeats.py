"""Whole numbers that certainly occur several times in one vector: labels of samples, draws with replacement."""

from __future__ import annotations

from seedbed.doctor.static.values import Val

_DRAWN = frozenset(["randint", "np_randint", "integers", "randint_like"])
_SAME = frozenset(
    ["long", "int", "cpu", "to", "numpy", "detach", "view", "reshape", "flatten", "squeeze", "ravel", "clone", "data"]
)
_KEPT = frozenset(["add", "sub", "getitem", "index_select"])  # as often as before: moved, or rows of it
_FOLDED = frozenset(["mod", "remainder", "floor_divide", "floordiv"])
_ROWS = frozenset(["tensor", "unknown", "slice", "list", "iter"])


def repeats(val: Val, depth: int = 0) -> bool:
    """Whether a vector of whole numbers is known to hold some of them more than once."""
    if depth > 12:
        return False
    if val.kind == "phi":
        return all(repeats(o, depth + 1) for o in val.options())
    if val.kind != "tensor" or val.shape == ():
        return False
    if val.name in _DRAWN:
        return bool(val.shape) and val.shape != (1,)
    if val.name == "multinomial":
        again = val.arg(2, "replacement")
        return again is not None and again.const is True and val.number(1, "num_samples") != 1
    if val.name == "repeat_interleave":
        times = val.arg(1, "repeats")
        return times is not None and times.const != 1
    if val.name == "where" and len(val.args) == 3:
        return all(repeats(a, depth + 1) for a in val.args[1:])
    if not val.args:
        return False
    first = val.args[0]
    if val.name in _FOLDED:
        return repeats(first, depth + 1) or _counted(first)
    if val.name in ("getitem", "index_select"):
        key = val.args[-1]
        return key.kind in _ROWS and key.dtype != "bool" and repeats(first, depth + 1)
    if val.name in _KEPT:
        return len(val.args) == 2 and val.args[1].kind in ("const", "number") and repeats(first, depth + 1)
    return val.name in _SAME and repeats(first, depth + 1)


def _counted(val: Val) -> bool:
    """Whether it is ``arange``, perhaps of another type."""
    for _ in range(4):
        if val.name in ("arange", "np_arange"):
            return True
        if val.name not in _SAME or not val.args:
            return False
        val = val.args[0]
    return False
