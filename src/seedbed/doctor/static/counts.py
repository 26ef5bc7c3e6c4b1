"""Class counts and the weights that are made from them: per class or per sample, inverse or not."""

from __future__ import annotations

from seedbed.doctor.static.values import TRANSPARENT, Val

COUNTS = frozenset(["bincount", "value_counts", "histc", "Counter", "unique_counts"])
_WRAP = (TRANSPARENT - {"getitem", "cat", "stack"}) | {
    "tensor",
    "as_tensor",
    "from_numpy",
    "array",
    "asarray",
    "astype",
    "list",
    "tuple",
    "sqrt",
    "to_numpy",
    "Tensor",
    "FloatTensor",
    "DoubleTensor",
    "clamp",
    "clip",
    "values",
    "sort_index",
    "to_list",
}


def of_counts(val: Val, depth: int = 0) -> tuple[Val, int, bool] | None:
    """The class counts that weights are made from, the sign of their power, and whether labels pick from them."""
    if depth > 24 or val.kind in ("const", "func", "class", "lib"):
        return None
    if val.name in COUNTS or _pair_of_unique(val):
        return val, 1, False
    if val.name == "comprehension" and val.items:
        return of_counts(val.items[0], depth + 1)
    if val.name == "element" and val.args:
        return of_counts(val.args[0], depth + 1)
    if val.name in ("div", "true_divide") and len(val.args) == 2:
        return _quotient(val, depth)
    if val.name in ("mul", "multiply") and len(val.args) == 2:
        return of_counts(val.args[0], depth + 1) or of_counts(val.args[1], depth + 1)
    if val.name in ("pow", "power", "float_power") and len(val.args) > 1:
        found = of_counts(val.args[0], depth + 1)
        power = val.args[1].const
        return _turned(found) if found and isinstance(power, (int, float)) and power < 0 else found
    if val.name == "reciprocal" and val.args:
        return _turned(of_counts(val.args[0], depth + 1))
    if val.name in ("getitem", "get", "index_select", "take", "gather", "map") and val.args:
        found = of_counts(val.args[0], depth + 1)
        fixed = len(val.args) > 1 and (val.args[1].kind in ("const", "slice") or val.args[1].name == "argsort")
        return (found[0], found[1], found[2] or not fixed) if found else None
    if (val.name in _WRAP or val.kind == "iter") and val.args:
        return of_counts(val.args[0], depth + 1)
    return None


def _quotient(val: Val, depth: int) -> tuple[Val, int, bool] | None:
    below = of_counts(val.args[1], depth + 1)
    if below is not None and val.args[0].kind in ("const", "number"):
        return _turned(below)
    above = of_counts(val.args[0], depth + 1)
    if above is not None:
        return above
    return _turned(below)


def _turned(found: tuple[Val, int, bool] | None) -> tuple[Val, int, bool] | None:
    return (found[0], -found[1], found[2]) if found is not None else None


def _pair_of_unique(val: Val) -> bool:
    """Whether a value is the second part of ``unique(labels, return_counts=True)``."""
    if val.name == "getitem" and len(val.args) > 1 and val.args[0].name == "unique":
        return bool(val.args[1].const == 1)
    return val.name == "part" and bool(val.args) and val.args[0].name == "unique" and bool(val.place)
