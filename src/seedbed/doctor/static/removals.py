"""Which rows of a table were taken out on the way from the raw data: missing values, duplicates, masks."""

from __future__ import annotations

from seedbed.doctor.static import lineage
from seedbed.doctor.static.values import Val, ancestors

_CALLS = frozenset(["dropna", "drop_duplicates", "query", "nlargest", "nsmallest", "drop_nulls"])
_TESTS = frozenset(
    ["compare", "and", "or", "invert", "isnan", "notna", "notnull", "isna", "isnull", "any", "all", "isin",
     "duplicated", "isfinite", "lt", "gt", "le", "ge", "ne", "eq", "logical_not", "logical_and", "between"]
)  # fmt: skip
_SHAPED = frozenset(["flatten", "ravel", "squeeze", "reshape", "view", "bool", "getitem"])


def removals(val: Val) -> dict[object, Val]:
    """The steps that took rows out of ``val``, by what decided on the rows."""
    found: dict[object, Val] = {}
    for step in lineage.certain(val):
        if step.name in _CALLS and step.args and step.kind in ("tensor", "unknown", "method"):
            found[id(step)] = step
        key = lineage.row_key(step)
        if key is not None and key.shape is not None and len(key.shape) > 1:
            continue  # a mask of single entries, which leaves no rows
        if key is not None and key.name in _TESTS and key.kind in ("tensor", "unknown", "method"):
            found[spoken(key)] = step
    return found


def spoken(key: Val, depth: int = 6) -> object:
    """What tells a mask from others: ``y.flatten() == 0`` written twice is one mask, as long as ``y`` is the same."""
    if key.kind == "const":
        return ("const", repr(key.const))
    if depth and key.args and key.name in _TESTS | _SHAPED:
        of = getattr(key.node, "ops", None)  # which comparison it is
        return (key.name, tuple(type(o).__name__ for o in of or ()), *(spoken(a, depth - 1) for a in key.args))
    return id(key)


def cut_to_fit(val: Val) -> Val | None:
    """The slice that makes a table as long as another one: ``y[:len(x)]``, ``y[:n]`` with ``n = min(...)``."""
    for step in lineage.certain(val):
        key = lineage.row_key(step)
        if key is None or key.kind != "slice" or len(key.args) < 2 or not key.args[0].is_none:
            continue
        stop = key.args[1]
        parts = [v for v in ancestors(stop, limit=12) if v.kind != "const"]
        if any(v.name in ("len", "shape", "size", "min", "min_builtin") for v in parts):
            return step
    return None
