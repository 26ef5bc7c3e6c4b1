"""Questions about categories: lists of names, tables of words or classes, and the codes that they give."""

from __future__ import annotations

from seedbed.doctor.static.values import Val


def strings(val: Val | None) -> list[str] | None:
    """The texts of a literal list or tuple of texts."""
    if val is None or val.kind not in ("list", "tuple") or not val.items or val.tags & {"each", "grown"}:
        return None
    found = [i.const for i in val.items if i.kind == "const" and isinstance(i.const, str)]
    return found if len(found) == len(val.items) else None


def numbering(val: Val) -> list[str] | None:
    """Names in the order of their numbers: a list of names, ``{"cat": 0}``, ``{0: "cat"}``, or a numbered list."""
    names = strings(val)
    if names is not None:
        return names if len(names) > 1 and len(set(names)) == len(names) else None
    if val.kind != "dict" or len(val.attrs) < 2 or "*" in val.attrs:
        return None
    if all(v.kind == "const" for v in val.attrs.values()):
        values = [v.const for v in val.attrs.values()]
        places = list(range(len(values)))
        if all(type(v) is int for v in values) and sorted(values) == places:
            return sorted(val.attrs, key=lambda k: int(val.attrs[k].const))
        if all(isinstance(v, str) for v in values) and sorted(val.attrs) == sorted(map(str, places)):
            return [str(val.attrs[str(k)].const) for k in places]
    return None
