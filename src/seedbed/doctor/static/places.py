"""Places in a series: indices as sums of what they are made from, and which entries a window holds."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

Sum = dict[int, int]  # how often each value is in it, by id; the constant part is at 0
_HANDS_ON = frozenset([
    "batch", "element", "sample", "part", "unsqueeze", "squeeze", "float", "double", "to", "reshape", "view", "stack",
    "tensor", "as_tensor", "from_numpy", "array", "asarray", "astype", "permute", "transpose", "T", "cuda", "cpu",
    "contiguous", "FloatTensor", "clone", "copy", "cat", "concatenate", "vstack", "literal", "comprehension", "",
    "expand_dims", "append", "list", "flatten", "values", "to_numpy", "detach", "type", "Tensor",
])  # fmt: skip
_COLLECTS = frozenset(["stack", "array", "tensor", "asarray", "from_numpy", "FloatTensor", "as_tensor", "vstack"])


def as_sum(val: Val, depth: int = 0) -> Sum | None:
    """``i + 24 - 1`` as ``{id(i): 1, 0: 23}``; ``None`` when it is not known to be such a sum."""
    if val.kind == "const":
        return {0: val.const} if type(val.const) is int else None
    if val.kind == "phi" or depth > 8:
        return None
    if val.name in ("add", "sub") and len(val.args) == 2:
        left, right = as_sum(val.args[0], depth + 1), as_sum(val.args[1], depth + 1)
        if left is None or right is None:
            return None
        return minus(left, right) if val.name == "sub" else minus(left, {k: -n for k, n in right.items()})
    if val.name in ("int_builtin", "int") and val.kind == "number" and len(val.args) == 1:
        inner = val.args[0]
        return as_sum(inner, depth + 1) if inner.kind in ("number", "const") else {id(val): 1}
    if val.name == "mul" and len(val.args) == 2 and any(type(a.const) is int for a in val.args):
        number, other = sorted(val.args, key=lambda a: type(a.const) is not int)
        inside = as_sum(other, depth + 1)
        return None if inside is None else {k: n * number.const for k, n in inside.items()}
    return {id(val): 1} if val.kind in ("number", "tensor", "unknown") else None


def minus(a: Sum, b: Sum) -> Sum:
    """The difference, without what cancels."""
    found = {k: a.get(k, 0) - b.get(k, 0) for k in a.keys() | b.keys()}
    return {k: n for k, n in found.items() if n}


def number(form: Sum) -> int | None:
    """The value of a sum of which only the constant part is left."""
    return form.get(0, 0) if not set(form) - {0} else None


def keys(step: Val) -> list[Val]:
    """What an item is picked by, one key for each axis."""
    if step.name != "getitem" or len(step.args) < 2:
        return []
    key = step.args[1]
    return list(key.items) if key.kind == "tuple" and key.items else [key]


def windows_with_target(p: Program) -> Iterator[tuple[Val, Val]]:
    """Windows of a series, and the single entries of these very windows that are their targets."""
    changed = {id(e.recv) for e in p.all("setitem", "inplace")}
    for feed in lineage.feeds(p)[0]:
        if feed.y is None:
            continue
        window, goal = _window(feed.x, changed), _entry(feed.y)
        if window is None or goal is None:
            continue
        if goal.args[0] is window:
            inside = keys(goal)[0].const is not None and len(keys(goal)) <= 2
        else:
            alike = _rounds(feed.x) == _rounds(feed.y) is not None
            inside = goal.args[0] is window.args[0] and _holds(window, goal, alike)
        if inside:
            yield window, goal


def _way(val: Val) -> list[Val]:
    """The steps from a value down to its raw data; of a list its first entry."""
    steps = [val]
    for _ in range(200):
        rounds = steps[-1].items if steps[-1].name == "comprehension" else None
        inner = rounds[-1:] if rounds else lineage.data_input(steps[-1])
        inner = [i for i in inner if i.kind not in ("const", "number")]
        if not inner or (len(inner) > 1 and steps[-1].kind != "list"):
            break
        steps.append(inner[0])
    return steps


def _window(x: Val, changed: set[int]) -> Val | None:
    """The slice of a series that goes into a model as it is: only stacked, cast and reshaped."""
    later: list[Val] = []
    for step in _way(x):
        mine = keys(step)
        if mine and mine[0].kind == "slice" and as_sum(mine[0].args[0]) and set(as_sum(mine[0].args[0]) or {}) - {0}:
            picks = [k for k, v in enumerate(later) if v.name == "getitem" and not _all_entries(v)]
            collected = {v.name for v in later[picks[-1] :]} & _COLLECTS if picks else _COLLECTS
            return step if collected else None  # rows are picked from the stack, not entries from the window
        if id(step) in changed:
            return None
        if step.name == "getitem":
            if not (
                _all_entries(step) or (len(mine) == 1 and (mine[0].kind in ("slice", "tensor", "unknown", "iter")))
            ):
                return None
        elif step.name not in _HANDS_ON and not (step.name in ("sub", "div", "mul") and step.args[0].kind == "tensor"):
            return None
        later.append(step)
    return None


def _all_entries(step: Val) -> bool:
    """Whether an item only adds axes: ``x[:, None]``, ``x[..., None]``."""
    return all(
        k.is_none
        or (k.kind == "slice" and k.args[0].is_none and k.args[1].is_none)
        or (k.kind == "const" and k.const is ...)
        for k in keys(step)
    )


def _entry(y: Val) -> Val | None:
    """The step that picks one entry of a series as the target."""
    for step in _way(y):
        mine = keys(step)
        if mine and mine[0].kind in ("number", "const") and not mine[0].is_none:
            return step
        if mine and not _all_entries(step) and not (len(mine) == 1 and mine[0].kind in ("slice", "tensor", "iter")):
            return None
    return None


def _rounds(val: Val) -> tuple[int, ...] | None:
    """The numbers of the one loop ``[... for i in range(500)]`` that lists the rows of a value."""
    made = [v.args[0] for v in _way(val) if v.name == "comprehension" and v.args]
    if len(made) != 1 or made[0].name != "range" or any(type(a.const) is not int for a in made[0].args):
        return None
    return tuple(a.const for a in made[0].args)


def _holds(window: Val, goal: Val, alike: bool) -> bool:
    """Whether an entry of a series is one of those that a window of it has."""
    mine, other = keys(window), keys(goal)
    low, high, at = as_sum(mine[0].args[0]), as_sum(mine[0].args[1]), as_sum(other[0])
    if alike and low is not None and at is not None and len(set(low) - {0}) == len(set(at) - {0}) == 1:
        mine_name, other_name = (set(low) - {0}).pop(), (set(at) - {0}).pop()
        at = {mine_name if k == other_name else k: n for k, n in at.items()}  # both run through the same numbers
    if low is None or high is None or at is None or not set(at) & set(low) - {0}:
        return False
    ahead, left = number(minus(at, low)), number(minus(high, at))
    if left is None or left < 1 or (ahead is None and left > 3) or (ahead is not None and ahead < 1):
        return False
    if len(mine) == 1:
        return True
    if len(mine) != 2 or len(other) != 2 or mine[1].kind != "slice":
        return False
    ends, column = [a.const for a in mine[1].args[:2]], other[1].const
    if mine[1].args[0].is_none and mine[1].args[1].is_none:
        return True
    return type(column) is int and all(type(e) is int for e in ends) and 0 <= ends[0] <= column < ends[1]
