"""Questions about the range of values: signs and bounds."""

from __future__ import annotations

from seedbed.doctor.static.reach import faint, span
from seedbed.doctor.static.values import Val, ancestors, origins

_SIGNED = frozenset(["sin", "cos", "randn", "randn_like", "np_randn", "standard_normal", "tanh"])
_POSITIVE = frozenset(
    ["abs", "square", "exp", "relu", "softplus", "sigmoid", "rand", "softmax", "sqrt", "compare", "one_hot", "poisson"]
)
_LOWEST = frozenset(["min", "amin", "nanmin", "np_min", "quantile", "percentile", "minimum", "min_"])
_HIGHEST = frozenset(["max", "amax", "nanmax", "np_max"])
_FIRST = frozenset(
    [
        "sum",
        "mean",
        "cumsum",
        "prod",
        "div",
        "true_divide",
        "getitem",
        "view",
        "unsqueeze",
        "squeeze",
        "reshape",
        "batch",
        "element",
        "part",
        "float",
        "tensor",
        "to",
        "from_numpy",
        "astype",
        "forward",
        "train_test_split",
        "ascontiguousarray",
        "asarray",
        "array",
        "as_tensor",
        "flatten",
        "ravel",
        "clone",
        "copy",
        "detach",
        "stack",
        "cat",
    ]
)
_WHOLE = frozenset(("long", "int", "floor", "trunc", "floor_divide", "floordiv"))  # whole numbers


def can_be_negative(val: Val, depth: int = 0) -> bool | None:
    """Whether data can be negative: ``None`` when that is not known."""
    if depth > 40 or val.kind not in ("tensor", "phi", "list", "number", "const"):
        return None
    if val.kind == "const":
        return val.const < 0 if isinstance(val.const, (int, float)) else None
    if val.kind in ("phi", "list"):
        return _any([can_be_negative(o, depth + 1) for o in (val.items if val.kind == "list" else val.args) or ()])
    reached = span(val)
    if reached is not None:
        low, high = reached
        return low < 0 and -low > 0.02 * (high - low)  # a hair below zero is the noise of the measurement
    if val.name == "linspace":
        low = val.number(0, "start")
        return low < 0 if isinstance(low, (int, float)) else None
    if val.name in _SIGNED or _standardised(val):
        return True
    if val.name in _POSITIVE:
        return False
    if val.name == "pow" and isinstance(power := val.number(1, "exponent"), int) and power % 2 == 0:
        return False
    if val.name == "neg" and val.args:
        return None if can_be_negative(val.args[0], depth + 1) is None else True
    if val.name in ("normal", "np_normal"):
        return None  # around a value that is not known
    if val.name in ("clamp", "clip", "clamp_min", "maximum"):
        low = val.number(1, "min")
        return low < 0 if isinstance(low, (int, float)) else None
    if val.name == "sub" and len(val.args) == 2:
        return _difference(val.args[0], val.args[1], depth)
    if val.name in ("add", "mul", "matmul") and len(val.args) == 2:
        parts = [a for a in val.args if a.kind != "const"]
        if val.name == "mul" and len(parts) == 1:
            factor, inner = next(a for a in val.args if a.kind == "const").const, can_be_negative(parts[0], depth + 1)
            return (not inner if factor < 0 and inner is False else inner) if isinstance(factor, (int, float)) else None
        loud = [a for a in parts if not faint(a)] if val.name == "add" else parts
        found = _any([can_be_negative(a, depth + 1) for a in loud])
        lifted = val.name == "add" and any(isinstance(a.const, int | float) and a.const > 0 for a in val.args)
        return None if lifted and found else found
    if val.name in (*_FIRST, "pow") and val.args:
        return can_be_negative(val.args[0], depth + 1)
    return None


def _any(known: list[bool | None]) -> bool | None:
    return True if True in known else None if None in known or not known else False


def _difference(left: Val, right: Val, depth: int) -> bool | None:
    """``a - b``: not negative where the lowest value is taken away, or where something is taken from the highest."""
    lowest = any(o.name in _LOWEST for o in origins(right))
    if lowest or any(o.name in _HIGHEST for o in origins(left)):
        return False
    if right.kind == "const" or left.kind == "const":
        number, other = (right, left) if right.kind == "const" else (left, right)
        fraction = isinstance(number.const, (int, float)) and 0 < number.const < 1
        return True if fraction and right is number else can_be_negative(other, depth + 1) or None
    if _whole(right):
        return None  # what is left of a number in its cell: x - floor(x)
    middle = [o for o in origins(right) if o.name in _MIDDLES and o.args]
    if middle and any(_same_data(o.args[0], left) for o in middle):
        return True  # centred
    return True if can_be_negative(left, depth + 1) else None


_MIDDLES = frozenset(["mean", "median", "nanmean", "average", "np_mean"])


def _same_data(a: Val, b: Val) -> bool:
    """Whether both are made of the same data: a part of it, a column, the whole."""
    left = {id(v.node) for v in (*ancestors(a, limit=40), *origins(a)) if v.node is not None and v.kind != "const"}
    return any(id(v.node) in left for v in (*ancestors(b, limit=40), *origins(b)) if v.kind != "const")


def _whole(val: Val) -> bool:
    """Whether it was just cut down to whole numbers (and kept in their range)."""
    steps = [val]
    while len(steps) < 4 and steps[-1].kind == "tensor" and steps[-1].args:
        steps.append(steps[-1].args[0])
    return any(v.kind == "tensor" and v.name in _WHOLE for v in steps)


def _standardised(val: Val) -> bool:
    """Whether a scaler of scikit-learn gave values around zero."""
    return val.name in ("transform", "fit_transform") and any(
        o.name in ("StandardScaler", "PowerTransformer", "RobustScaler") for a in val.args for o in a.options()
    )


_BOUNDED = frozenset(["sin", "cos", "tanh", "sigmoid", "softmax", "clamp", "clip", "rand", "erf", "atan"])


def unbounded(val: Val) -> bool:
    """Whether data can be larger than one."""
    reached = span(val)
    if reached is not None:
        return max(-reached[0], reached[1]) > 1.05
    stack, seen = [val], set[int]()
    while stack and len(seen) < 400:
        v = stack.pop()
        if id(v) in seen:
            continue
        seen.add(id(v))
        wide = v.name in ("randn", "np_randn", "matmul", "sum", "transform", "fit_transform")
        if wide or (v.name == "mul" and any(isinstance(a.const, (int, float)) and abs(a.const) > 1 for a in v.args)):
            return True
        if v.name not in _BOUNDED:
            stack.extend(v.inputs())
    return False
