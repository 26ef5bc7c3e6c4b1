"""Questions about sequences: shifted targets and where the batch axis is."""

from __future__ import annotations

import ast

from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

MOVES = frozenset(
    [
        "view",
        "reshape",
        "flatten",
        "contiguous",
        "long",
        "to",
        "cuda",
        "Variable",
        "unsqueeze",
        "transpose",
        "t",
        "permute",
    ]
)


def token_source(val: Val, through_batches: bool = False) -> tuple[Val | None, str]:
    """The tensor that token ids come from, and how they were sliced along the way (``""``: not at all)."""
    current, key = val, ""
    for _ in range(20):
        if current.kind == "phi" or (current.name in MOVES and current.args):
            current = current.args[0]
        elif (
            current.name in ("stack", "cat")
            and current.args
            and current.args[0].items
            and "each" in current.args[0].tags
        ):
            current = current.args[0].items[0]
        elif (cut := moved_up(current)) is not None:
            key += "1:;"
            current = cut
        elif through_batches and current.name in ("batch", "clone", "tensor", "as_tensor") and current.args:
            if current.name != "batch" and current.args[0].kind not in ("tensor", "unknown", "phi"):
                break  # it is made from a list of numbers: there is nothing behind it
            current = current.args[0]
        elif current.name == "getitem" and len(current.args) > 1:
            keys = current.args[1].items or [current.args[1]]
            if not any(k.kind == "slice" for k in keys):
                if len(keys) != 1 or keys[0].kind not in ("tensor", "unknown") or current.args[0].kind != "tensor":
                    break
                key += f"rows {id(keys[0])};"  # the same rows are the same tokens, wherever they are gathered
                current = current.args[0]
                continue
            if any(k.kind == "slice" and not (k.args[0].is_none and k.args[1].is_none) for k in keys):
                key += syntax.text(current.node.slice) + ";" if isinstance(current.node, ast.Subscript) else "?"
            current = current.args[0]
        else:
            break
    return (current if current.kind in ("tensor", "unknown") else None), key


def moved_up(val: Val) -> Val | None:
    """The tokens of which ``val`` holds the next ones, with a number in the last place."""
    if val.name == "roll" and val.args:
        return val.args[0] if val.number(1, "shifts") == -1 else None
    rest = val.args[0] if val.args else None
    if val.name in ("cat", "concat", "concatenate") and rest is not None and len(rest.items or ()) == 2:
        rest, last = (rest.items or [])[:2]
        if not _one_number(last):
            return None
    elif val.name == "pad":
        sides = val.arg(1, "pad")
        if sides is None or [s.const for s in sides.items or ()] != [0, 1]:
            return None
    else:
        return None
    if rest is None or rest.name != "getitem" or len(rest.args) < 2:
        return None
    last_key = (rest.args[1].items or [rest.args[1]])[-1]
    ahead = last_key.kind == "slice" and last_key.args[0].const == 1 and last_key.args[1].is_none
    return rest.args[0] if ahead else None


def _one_number(val: Val) -> bool:
    """Whether a value is a tensor of one known number, or of one in each row."""
    if val.name in ("tensor", "as_tensor", "new_tensor") and val.args:
        found = val.args[0].items or []
        return len(found) == 1 and found[0].kind == "const"
    filled = val.name in ("full", "new_full", "full_like", "zeros", "new_zeros", "ones", "new_ones")
    return filled and val.shape is not None and val.shape[-1:] == (1,)


def is_sliced_output(val: Val) -> bool:
    """Whether a slice cuts a model's output along time."""
    return any(v.owner is not None and v.name in ("forward", "Linear") for v in ancestors(val, limit=40))


def next_token(p: Program) -> bool:
    """Whether the program trains on the next token: target and input are one sequence, shifted."""
    return bool(_foretold(p))


def reads_next(p: Program, *vals: Val | None) -> bool:
    """Whether each of these is made of the very tokens of which the next ones are the targets.

    What an encoder reads beside them, or what attention of a decoder finds there, may be seen as a whole.
    """
    shifted = _foretold(p)
    return bool(shifted) and all(
        val is not None and any(id(v) in shifted for v in ancestors(val, limit=3000)) for val in vals
    )


def _foretold(p: Program) -> set[int]:
    """Ids of the embedded tokens of which the next ones are the targets."""
    if "next_token" not in p.cache:
        found: dict[int, str] = {}
        for event in p.all("loss"):
            if event.name not in ("CrossEntropyLoss", "NLLLoss") or len(event.args) < 2:
                continue
            goal, key = token_source(event.args[1])
            if goal is None or not key:
                continue
            for val in ancestors(event.args[0], limit=3000):
                if val.name == "Embedding" and val.args:
                    source, own = token_source(val.args[0])
                    if source is goal and own != key:
                        found[id(val)] = own
        cut = {one for one, own in found.items() if ":" in own}  # an encoder may read the same sequence, uncut
        p.cache["next_token"] = cut or set(found)
    table: set[int] = p.cache["next_token"]
    return table


_KEEP_AXES = frozenset(
    [
        "Embedding",
        "Linear",
        "dropout",
        "float",
        "to",
        "relu",
        "add",
        "mul",
        "LayerNorm",
        "contiguous",
        "recurrent",
        "gelu",
        "tanh",
        "TransformerEncoder",
        "TransformerEncoderLayer",
    ]
)


def leading_axis(val: Val) -> str:
    """``batch`` or ``time``, whichever a sequence tensor certainly has in front, else ``""``."""
    current = val
    for _ in range(30):
        if current.kind == "phi":
            current = current.args[0]
        elif current.kind != "tensor":
            return ""
        elif current.name == "pad_sequence":
            flag = current.arg(1, "batch_first")
            if flag is not None and not isinstance(flag.const, bool):
                return ""
            return "time" if flag is None or flag.const is False else "batch"
        elif current.name == "batch" and current.args and current.args[0].name == "pad_sequence":
            current = current.args[0]  # a collate function of the program made it
        elif current.name == "batch":
            return "batch" if current.shape is not None and len(current.shape) >= 2 else ""
        elif current.name in ("getitem",):
            key = current.args[1] if len(current.args) > 1 else None
            if (
                key is not None
                and current.args[0].shape is not None
                and len(current.args[0].shape) >= 2
                and (key.shape is not None or key.kind == "slice")
                and not _turned(current.args[0])
            ):
                return "batch"
            return ""
        elif current.name == "cat" and current.args and current.args[0].items and current.number(1, "dim") in (1, -1):
            current = current.args[0].items[-1]
        elif current.name in ("unsqueeze", "unsqueeze_"):
            if current.number(1, "dim") not in (-1, 2):
                return ""
            current = current.args[0]
        elif current.name in _KEEP_AXES and current.args:
            current = next((a for a in current.args if a.kind in ("tensor", "phi")), current.args[0])
        else:
            return ""
    return ""


def _turned(val: Val) -> bool:
    """Whether the axes of a tensor were exchanged where it was made: time may come first then."""
    current = val
    for _ in range(10):
        if current.name in ("t", "T", "transpose", "permute", "swapaxes"):
            return True
        if current.name not in MOVES | {"cuda", "cpu", "clone", "float"} or not current.args:
            return False
        current = current.args[0]
    return False


def axis_read(size: Val) -> tuple[Val, int] | None:
    """The tensor and the axis from which a size was read: ``x.size(0)``, ``x.shape[0]``, ``len(x)``."""
    if size.name == "size" and len(size.args) > 1 and isinstance(size.args[1].const, int):
        return size.args[0], size.args[1].const
    if size.name == "len" and size.args:
        return size.args[0], 0
    if size.name == "shape" and size.place is not None and size.args:
        base = size.args[0]
        return (base.args[0] if base.name == "shape" and base.args else base), size.place
    if size.name == "getitem" and len(size.args) > 1 and size.args[0].name == "shape" and size.args[0].args:
        at = size.args[1].const
        return (size.args[0].args[0], at) if isinstance(at, int) else None
    return _written_axis(size)


def _written_axis(size: Val) -> tuple[Val, int] | None:
    """The axis of a size whose number is known, read from the code: ``x.size(0)``, ``x.shape[0]``."""
    node = size.node
    at: ast.expr | None = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "size" and node.args:
        at = node.args[0]
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        at = node.slice
    sign = -1 if isinstance(at, ast.UnaryOp) and isinstance(at.op, ast.USub) else 1
    at = at.operand if isinstance(at, ast.UnaryOp) and sign < 0 else at
    return (size, sign * at.value) if isinstance(at, ast.Constant) and isinstance(at.value, int) else None


def ahead(key: str, other: str) -> int | None:
    """How many tokens later one way of slicing starts than another; ``None`` where that is not certain."""
    one, two = _start(key), _start(other)
    if one is None or two is None or one[0] != two[0]:
        return None
    return one[1] - two[1]


def follows(key: str, other: str) -> bool:
    """Whether one slice begins where another, of more than one token, ends: ``[i+n : i+2*n]`` after ``[i : i+n]``."""
    mine, _, before = key.partition(";")
    theirs, _, shared = other.partition(";")
    one, two = (_last_slice(mine), _last_slice(theirs)) if before == shared else (None, None)
    if one is None or two is None or one.lower is None or two.upper is None or ast.unparse(one.lower) == "1":
        return False
    begin, end = _linear(one.lower), _linear(two.upper)
    low: tuple[dict[str, int], int] | None = ({}, 0) if two.lower is None else _linear(two.lower)
    if begin is None or begin != end or low is None or (not begin[0] and begin[1] < 0):
        return False
    return low[0] != end[0] or end[1] - low[1] > 1


def _last_slice(part: str) -> ast.Slice | None:
    """The slice along time of one cut."""
    cut = _written(part) if part and not part.startswith("rows ") else None
    if isinstance(cut, ast.Tuple):
        cut = cut.elts[-1] if len(cut.elts) == 2 else None
    return cut if isinstance(cut, ast.Slice) and cut.step is None else None


def _written(part: str) -> ast.expr | None:
    """What stands between the brackets of one slicing, also where it is written as a pair: ``(:, i:j)``."""
    inner = part[1:-1] if part.startswith("(") and part.endswith(")") and part.count("(") == 1 else part
    try:
        found = ast.parse(f"_[{inner}]", mode="eval").body
    except SyntaxError:
        return None
    return found.slice if isinstance(found, ast.Subscript) else None


def _start(key: str) -> tuple[dict[str, int], int] | None:
    """Where slices start: names with factors, and a number."""
    names: dict[str, int] = {}
    number = 0
    for part in key.split(";"):
        if not part or part.startswith("rows "):
            continue
        cut = _written(part)
        if isinstance(cut, ast.Tuple) and cut.elts:
            cut = cut.elts[-1] if len(cut.elts) == 2 else None
        if not isinstance(cut, ast.Slice) or cut.step is not None:
            return None
        terms = _linear(cut.lower) if cut.lower is not None else ({}, 0)
        if terms is None or (not terms[0] and terms[1] < 0):
            return None
        for name, factor in terms[0].items():
            names[name] = names.get(name, 0) + factor
        number += terms[1]
    return names, number


def _linear(node: ast.expr) -> tuple[dict[str, int], int] | None:
    """A sum of names and whole numbers."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return {}, node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return ({}, -node.operand.value) if type(node.operand.value) is int else None
    if isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)):
        return {ast.unparse(node): 1}, 0
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        left, right = _linear(node.left), _linear(node.right)
        if left is None or right is None:
            return None
        sign = 1 if isinstance(node.op, ast.Add) else -1
        names = dict(left[0])
        for name, factor in right[0].items():
            names[name] = names.get(name, 0) + sign * factor
        return {n: f for n, f in names.items() if f}, left[1] + sign * right[1]
    return None
