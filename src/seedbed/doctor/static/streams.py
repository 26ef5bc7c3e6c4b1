"""A long sequence cut into columns: along which axis its entries follow each other, and along which targets shift."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import tokens
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_TURNS = frozenset(["t", "T", "transpose", "permute", "swapaxes", "np_transpose", "mT"])
_PASS = frozenset(["contiguous", "to", "long", "cuda", "cpu", "clone", "flatten", "reshape", "view", "float", "ravel"])


def broken(p: Program) -> Iterator[tuple[Val, Val]]:
    """Layouts of a stream whose targets are shifted along the other axis than the stream runs: the layout, the cut."""
    seen: set[int] = set()
    for event in p.all("loss"):
        out, target = event.arg(0, "input"), event.arg(1, "target")
        if event.name not in ("CrossEntropyLoss", "NLLLoss") or out is None or target is None:
            continue
        for goal in _cuts(target) if p.trained(event.result) else ():
            laid = _layout(goal.args[0])
            shift = _start(goal)
            if laid is None or shift is None or id(laid[0].node) in seen or shift[0] == laid[1]:
                continue
            for cut in ancestors(out, limit=3000):
                if cut.name != "getitem" or len(cut.args) < 2 or f.core(cut.args[0]) is not f.core(goal.args[0]):
                    continue
                own = _start(cut)
                if own is not None and own[0] == shift[0] and tokens.ahead(shift[1], own[1]) == 1:
                    seen.add(id(laid[0].node))
                    yield laid[0], goal
                    break


def _cuts(val: Val) -> Iterator[Val]:
    """The slices that a target is, each of its branches."""
    for option in val.options():
        one = option
        for _ in range(12):
            if (one.name in _PASS and one.args) or one.kind == "phi":
                one = one.args[0]
        if one.name == "getitem" and len(one.args) > 1:
            yield one


def _layout(val: Val) -> tuple[Val, int] | None:
    """The view that lays a sequence out in two axes, and the axis along which its entries then follow each other."""
    one, along = val, 1
    for _ in range(12):
        if one.kind == "phi":
            return None
        if one.name in ("view", "reshape") and len(_sizes(one)) == 2:
            return (one, along) if _flat(one.args[0]) else None
        if one.name in _TURNS:
            along = 1 - along
        elif one.name not in _PASS - {"flatten", "reshape", "view", "ravel"} or not one.args:
            return None
        one = one.args[0]
    return None


def _sizes(val: Val) -> list[Val]:
    given = list(val.args[1:])
    return list(given[0].items or []) if len(given) == 1 and given[0].kind in ("tuple", "list") else given


def _flat(val: Val) -> bool:
    """Whether it is certainly one sequence of single entries."""
    for _ in range(8):
        if val.shape is not None:
            return len(val.shape) == 1
        if val.name not in ("getitem", "narrow", *_PASS) or not val.args:
            return False
        val = val.args[0]
    return False


def _start(cut: Val) -> tuple[int, str] | None:
    """The axis that is cut, and the code of the cut as ``tokens.ahead`` reads it."""
    key = cut.args[1]
    keys = key.items if key.kind == "tuple" and key.items else [key]
    found = [(i, k) for i, k in enumerate(keys) if k.kind == "slice" and not (k.args[0].is_none and k.args[1].is_none)]
    if len(found) != 1 or any(k.kind != "slice" for k in keys) or not isinstance(cut.node, ast.Subscript):
        return None
    axis = found[0][0]
    node = cut.node.slice.elts[axis] if isinstance(cut.node.slice, ast.Tuple) else cut.node.slice
    return axis, ast.unparse(node) + ";"
