"""Questions about labels: which values they take, and which side of a pair an input is on."""

from __future__ import annotations

import ast

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.values import Val, ancestors

_DRAWS = ("randint", "np_randint", "integers")
_PASS = (
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
)
POSITIVE = frozenset(
    ["pos", "positive", "positives", "near", "same", "similar", "match", "ap", "posdist", "dpos", "dp"]
)
NEGATIVE = frozenset(
    ["neg", "negative", "negatives", "far", "other", "different", "diff", "an", "negdist", "dneg", "dn"]
)


def binary_labels(val: Val) -> Val | None:
    """Where labels are made that are certainly 0 and 1, else ``None``."""
    stack, seen = [val], set[int]()
    found: Val | None = None
    written: dict[object, Val] = {}
    while stack and len(seen) < 40:
        one = f.core(stack.pop())
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind == "phi":
            stack.extend(one.args)
        elif one.kind == "const":  # one of the labels that the program writes out
            if one.const not in (0, 1):
                return None
            written[float(one.const)] = one
        elif one.name in ("compare", "eq", "gt", "lt", "ge", "le", "bool", "make_classification_y", "make_moons_y"):
            found = one
        elif one.name in _DRAWS:
            if not _zero_one(one):
                return None
            found = one
        elif one.name in _PASS and one.args:
            inner = one.args[0]
            if one.name in ("tensor", "array") and inner.items and any(i.kind == "phi" for i in inner.items):
                stack.extend(inner.items)
            elif one.name in ("tensor", "array") and inner.items:
                values = {i.const for i in inner.items}
                if not values <= {0, 1} or 0 not in values:
                    return None
                found = one
            elif inner.kind in ("tensor", "phi", "number"):
                stack.append(inner)
            else:
                return None
        else:
            return None
    return found or (written[0.0] if len(written) == 2 else None)


_CONVERT = frozenset(["float", "double", "tensor", "as_tensor", "from_numpy", "astype", "FloatTensor", "Tensor"])
_CARRY = frozenset((*_PASS, "view", "reshape", "squeeze", "unsqueeze", "to", "flatten", "float_builtin"))


def conversion(target: Val) -> Val | None:
    """The last step that makes numbers of labels on their way to a loss: the place where they can be mapped."""
    one = target
    for _ in range(30):
        if one.kind == "phi" or not one.args:
            return None
        if one.name in _CONVERT:
            return one if one.line else None
        if one.name not in _CARRY:
            return None
        one = one.args[0]
    return None


def _zero_one(val: Val) -> bool:
    numbers = [a.const for a in val.args[:2]]
    high = val.kwargs.get("high")
    if high is not None:
        numbers = [val.number(0, "low") or 0, high.const]
    return (
        numbers == [0, 2] or (bool(numbers) and numbers[0] == 2 and not isinstance(numbers[-1], int)) or numbers == [2]
    )


def side(val: Val | None, limit: int = 200) -> str:
    """``pos`` or ``neg``: the side of a pair that the names on the way to a value tell, the nearest first."""
    level, seen = ([val] if val is not None else []), set[int]()
    while level and len(seen) < limit:
        sides: set[str] = set()
        deeper: list[Val] = []
        for one in level:
            if id(one) in seen:
                continue
            seen.add(id(one))
            named = _names(one)
            if named & POSITIVE:
                sides.add("pos")
            elif named & NEGATIVE:
                sides.add("neg")
            elif (joined := _joined(one)) is not None:
                deeper.append(joined)
            elif one.kind not in ("module", "func", "class", "lib", "loader"):
                deeper.extend(one.inputs())
        if sides:
            return sides.pop() if len(sides) == 1 else ""
        level = deeper
    return ""


def _joined(val: Val) -> Val | None:
    """What went in at this place, when inputs were joined, taken through a model and cut apart again."""
    cut = val.name == "part" and val.args
    if cut and ("chunk" in val.tags or val.args[0].name in ("chunk", "split", "tensor_split", "unbind")):
        place, whole = val.place, val.args[0]
    elif val.name == "getitem" and len(val.args) > 1 and val.args[1].kind == "slice" and val.grad:
        start, stop = val.args[1].args[:2]
        place = 0 if start.is_none or start.const == 0 else -1 if stop.is_none else 1
        whole = val.args[0]
    else:
        return None
    for one in ancestors(whole, limit=60):
        parts = one.args[0].items if one.name in ("cat", "stack") and one.kind == "tensor" and one.args else None
        if parts and len(parts) in (2, 3) and place is not None and place < len(parts):
            return parts[place]
    return None


def _names(val: Val) -> set[str]:
    found = set(words(val.var)) | {val.var.lower()}
    node = val.node
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        found |= set(words(node.slice.value))
    if isinstance(node, ast.arg):
        found |= set(words(node.arg))
    return found
