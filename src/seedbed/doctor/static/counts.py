"""Class counts and the weights that are made from them: per class or per sample, inverse or not."""

from __future__ import annotations

import ast

from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

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
    "index",
    "fromiter",
    "float64",
    "float32",
    "tolist",
}


def of_counts(val: Val, depth: int = 0) -> tuple[Val, int, bool] | None:
    """The class counts that weights are made from, the sign of their power, and whether labels pick from them."""
    if depth > 24 or val.kind in ("const", "func", "class", "lib"):
        return None
    if val.name in COUNTS or _pair_of_unique(val):
        return val, 1, False
    if val.name == "comprehension" and val.items:
        found = of_counts(val.items[0], depth + 1)
        return (found[0], found[1], False) if found is not None and found[2] and per_class(val) else found
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


def per_class(val: Val, depth: int = 0) -> bool:
    """Whether a value certainly has one entry for each class that occurs in labels: not one for each sample."""
    if depth > 16 or val.kind in ("const", "func", "class", "lib"):
        return False
    if val.kind == "phi":
        return all(per_class(o, depth + 1) for o in val.options())
    if val.name in COUNTS or val.name in ("compute_class_weight", "set", "unique"):
        return bool(val.args or val.kwargs)
    if val.name == "part" and val.args and val.args[0].name == "unique":
        return _of_unique(val.args[0], val.place)
    if val.name == "getitem" and len(val.args) > 1:
        return _looked_up(val.args[0], val.args[1], depth)
    if val.name == "comprehension" and val.kind == "dict":
        return len(val.args) == 2 and per_class(val.args[1], depth + 1)
    if val.name == "comprehension":
        return len(val.args) == 1 and bool(val.items) and each_class(val.args[0], (val.items or [])[0], depth)
    if val.name == "range" and len(val.args) == 1:
        end = val.args[0]
        return end.name == "len" and bool(end.args) and per_class(end.args[0], depth + 1)
    if val.name in ("size", "shape") and val.place is None and val.args:
        return val.args[0].name == "groupby"
    if val.name in ("stack", "most_common") and len(val.args) == 1:
        return per_class(val.args[0], depth + 1)
    if (val.name in _ENTRY_WISE or val.name in _WRAP or val.kind == "iter") and val.args:
        return any(per_class(a, depth + 1) for a in val.args[: 2 if val.name in _ENTRY_WISE else None])
    return False


def _of_unique(made: Val, place: object) -> bool:
    """Whether a part of ``unique(...)`` is the classes or their counts, not the class of each sample."""
    returned = [v for k, v in made.kwargs.items() if k.startswith("return_") and v.const]
    return len(made.args) == 1 and (place == 0 or ("return_counts" in made.kwargs and place == len(returned)))


def _looked_up(of: Val, key: Val, depth: int) -> bool:
    if of.name == "unique":
        return _of_unique(of, key.const)
    if key.kind == "slice" or key.name == "argsort":
        return per_class(of, depth + 1)
    return key.kind not in ("const", "number") and per_class(key, depth + 1)


def each_class(source: Val, item: Val, depth: int = 0) -> bool:
    """Whether one number is made for each class.

    So in ``[1 / counts[c] for c in sorted(counts)]`` and ``[(labels == c).sum() for c in range(3)]``.
    """
    if item.kind in ("list", "tuple", "dict", "iter") or any(_long(v) for v in ancestors(item, limit=30)):
        return False
    return per_class(source, depth + 1) or (source.name == "range" and _counts_one(item, source))


def written(val: Val, most: int = 10) -> bool:
    """Whether a value is a short list of numbers that is written out: ``[0.2, 0.8]``, ``[1 / n0, 1 / n1]``."""
    wrapped = False
    for _ in range(8):
        if val.name not in _WRAP or not val.args:
            break
        val, wrapped = val.args[0], True
    items, node = val.items or [], val.node
    if (
        val.kind != "list"
        or not isinstance(node, ast.List)
        or len(node.elts) != len(items)
        or wrapped > (len(items) < 5)
    ):
        return False
    scalars = all(i.kind in ("const", "number") or i.shape == () for i in items)
    return scalars and 1 < len(items) <= most and not any(isinstance(n, ast.Starred) for n in node.elts)


def _long(val: Val) -> bool:
    """Whether a value has as many entries as something says: the weights of all samples of a class."""
    return val.name in ("full", "ones", "repeat", "expand", "full_like", "ones_like", "tile", "repeat_interleave")


def _counts_one(item: Val, numbers: Val) -> bool:
    """Whether a number of a ``range`` is used as a class: its count is looked up, or what equals it is counted."""
    for val in ancestors(item, limit=30):
        key = val.args[1] if val.name in ("getitem", "get", "count", "compare", "eq") and len(val.args) > 1 else None
        if key is None or numbers not in key.args or key.name not in ("int", "element"):
            continue
        if val.name in ("count", "eq") or "Eq" in val.tags or per_class(val.args[0]):
            return True
    return False


_ENTRY_WISE = frozenset(["div", "true_divide", "divide", "mul", "multiply", "add", "sub", "rsub", "pow", "power", "log",
                         "float_power", "reciprocal", "exp", "log1p", "maximum", "minimum", "softmax"])  # fmt: skip
