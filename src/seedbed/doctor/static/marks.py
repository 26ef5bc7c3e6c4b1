"""Values that mark things: 0/1 indicators of entries, targets of -1 and 1."""

from __future__ import annotations

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.values import Val

_TESTS = frozenset(
    ["compare", "eq", "ne", "gt", "ge", "lt", "le", "isnan", "isfinite", "isinf", "notna", "isna", "notnull", "isin"]
)
_LOGIC = frozenset(["and", "or", "xor", "invert", "logical_and", "logical_or", "logical_not", "logical_xor"])
_PASS = frozenset(
    [
        "batch",
        "element",
        "part",
        "getitem",
        "sample",
        "train_test_split",
        "tensor",
        "as_tensor",
        "from_numpy",
        "array",
        "asarray",
        "astype",
        "index_select",
        "expand_as",
        "unsqueeze",
        "values",
        "to_numpy",
        "copy",
        "clone",
    ]
)


def indicator(val: Val, depth: int = 0) -> bool:
    """Whether data is certainly 0 or 1 (or false and true) because it is the result of a test of other data.

    Tests of what a model gave do not count: they say what the model thinks, not what is there.
    """
    one = f.core(val)
    if depth > 12 or one.grad or one.kind not in ("tensor", "unknown"):
        return False
    if one.name in _TESTS:
        return not any(a.grad for a in one.args) and not f.from_model(one, limit=200)
    if one.name in _LOGIC:
        return any(indicator(a, depth + 1) for a in one.args)
    less = f.complement(one)
    if less is not None:
        return indicator(less, depth + 1)
    if one.name in _PASS and one.args:
        return indicator(one.args[0], depth + 1)
    return False


def signed_labels(val: Val, depth: int = 0) -> Val | None:
    """Where labels are made that are certainly -1 and 1 (or hold a negative number), else ``None``."""
    one = f.core(val)
    if depth > 16 or one.grad:
        return None
    if one.name in ("sign", "sgn"):
        return one
    if one.name == "sub" and len(one.args) == 2 and one.args[1].const in (1, 1.0):
        doubled = f.core(one.args[0])
        if doubled.name == "mul" and any(a.const in (2, 2.0) for a in doubled.args):
            inner = next((a for a in doubled.args if a.kind != "const"), None)
            return one if inner is not None and not f.from_model(inner) else None
        return None
    if one.name == "where" and len(one.args) == 3:
        return one if all(_number(v) is not None for v in one.args[1:]) and min(map(_sure, one.args[1:])) < 0 else None
    if one.name == "choice" and one.args and one.args[0].items:
        consts = [i.const for i in one.args[0].items]
        return one if consts and all(isinstance(c, (int, float)) for c in consts) and min(consts) < 0 else None
    if one.name == "neg" and one.args:
        return None
    if one.name in ("tensor", "array", "as_tensor", "asarray") and one.args and one.args[0].items:
        alone = one.args[0].items
        return _written(one) or (signed_labels(alone[0], depth + 1) if len(alone) == 1 else None)
    if one.name in _PASS and one.args and one.args[0].kind in ("tensor", "unknown", "phi", "list"):
        return signed_labels(one.args[0], depth + 1)
    return None


def _written(val: Val) -> Val | None:
    """Labels that the program writes out, one by one or as a choice in a comprehension."""
    stack, numbers = list(val.args[0].items or ()), []
    while stack:
        one = stack.pop()
        if one.kind == "phi":
            stack.extend(one.args)
        elif one.items and len(one.items) == 1:
            stack.extend(one.items)
        else:
            numbers.append(_number(one))
    return val if numbers and all(n is not None and abs(n) <= 1 for n in numbers) and -1 in numbers else None


def _number(val: Val) -> float | None:
    one = val
    if one.name in ("tensor", "full_like", "full") and one.args and one.args[-1].kind == "const":
        one = one.args[-1]
    if one.kind == "const" and isinstance(one.const, (int, float)) and not isinstance(one.const, bool):
        return float(one.const)
    return 0.0 if one.name == "zeros_like" else 1.0 if one.name == "ones_like" else _negated(one)


def _negated(val: Val) -> float | None:
    inner = _number(val.args[0]) if val.name == "neg" and val.args else None
    return -inner if inner is not None else None


def _sure(val: Val) -> float:
    return _number(val) or 0.0
