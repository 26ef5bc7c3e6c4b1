"""Tables of whole windows that are cut into input and target: which entries of a window each of the two has."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from seedbed.doctor.static import lineage, places
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.places import Sum, keys
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import CLOSED, Val, ancestors

Place = tuple[bool, Sum]  # whether it counts from the end, and how far
Span = tuple[Place, Place]
_TABLES = frozenset(["unfold", "sliding_window_view", "np_sliding_window_view", "as_strided", "np_as_strided"])
_KEEP = frozenset([
    "batch", "element", "sample", "part", "float", "double", "to", "cuda", "cpu", "contiguous", "clone", "copy",
    "tensor", "as_tensor", "from_numpy", "asarray", "astype", "FloatTensor", "Tensor", "detach", "numpy",
    "ascontiguousarray",
])  # fmt: skip
_ADDS = frozenset(["unsqueeze", "expand_dims", "squeeze", "reshape", "view", "permute", "transpose", "T", "flatten"])
_SPLITS = frozenset(["narrow", "split", "chunk", "unbind", "index_select", "gather", "part", "select", "masked_fill"])
_PICKS = frozenset(["number", "tensor", "list", "phi"])
_ROWS = frozenset(["stack", "array", "vstack", "comprehension", "literal", "append", "list", ""])


def inside(p: Program) -> Iterator[tuple[Val, Val]]:
    """Cuts of one window table: the input, and a target all of whose entries are in that input."""
    changed = {id(o) for e in p.all("setitem", "inplace", "augment") if e.recv is not None for o in e.recv.options()}
    for feed in lineage.feeds(p)[0]:
        if feed.y is None:
            continue
        one, two = _down(feed.x), _down(feed.y)
        shared = {id(v) for v in two}
        base = next((v for v in one if id(v) in shared), None)
        if base is None or any(id(v) in changed for v in one[: one.index(base) + 3]):
            continue
        first = _first_axis(base)
        if first is None:
            continue
        mine, other = _cut(one, base, first), _cut(two, base, first)
        if mine is None or other is None or other[0] is None or mine[1] != other[1]:
            continue
        wide = keys(mine[0])[first:] if mine[0] is not None else []
        thin = keys(other[0])[first:]
        if not _holds(wide, thin, _width(base, first)) or leaves_out(feed.x, feed.event.result, not wide):
            continue
        single = any(k.kind != "slice" for k in thin)
        # entries of an output may belong to later ones, or be those of a reconstruction
        if (wide and single) or not any(output_cut(e, _ends_early if wide else cuts) for e in p.all("loss", "compare")):
            yield mine[0] or base, other[0]


def _down(val: Val) -> list[Val]:
    """The steps from a value down to its raw data, as long as they only hand on, cut or arrange."""
    steps = [val]
    for _ in range(80):
        inner = [i for i in lineage.data_input(steps[-1]) if i.kind not in ("const", "number")]
        if not inner or (len(inner) > 1 and steps[-1].name not in _ROWS):
            break
        steps.append(inner[0])
    return steps


def _first_axis(base: Val) -> int | None:
    """The axis of time: 1 in a table of windows, 0 in one window of it; ``None`` where that is not sure."""
    front = False
    for step in _down(base):
        mine = keys(step)
        if step.name in _TABLES:
            return 1
        if mine and len(mine) == 1 and mine[0].kind == "number":
            below = _first_axis(step.args[0])
            return 0 if below == 1 and not front else None
        if mine and mine[0].kind == "slice":
            low = None if mine[0].args[0].is_none else places.as_sum(mine[0].args[0])
            if low and set(low) - {0} and len(mine) == 1:
                return 1 if front else 0
            continue
        if len(mine) == 1 and mine[0].name == "add" and any(v.name == "arange" for v in ancestors(mine[0], limit=12)):
            rank = len(mine[0].shape) if mine[0].shape is not None else 0
            return 1 if front or rank == 2 else 0 if rank == 1 else None
        if step.name in ("batch", "stack", "array", "vstack", "comprehension"):
            front = True
        elif (step.name == "unsqueeze" and step.number(1, "dim") == -1) or _swaps_later(step):
            continue
        elif step.name not in _KEEP | _ROWS and not mine:
            return None
    return None


def _swaps_later(step: Val) -> bool:
    """Whether axes behind the first are exchanged."""
    if step.name not in ("transpose", "swapaxes") or len(step.args) < 3:
        return False
    return {step.args[1].const, step.args[2].const} in ({1, 2}, {1, -1}, {2, -1}, {-1, -2})


def _cut(steps: list[Val], base: Val, first: int) -> tuple[Val | None, list[object]] | None:
    """The one step that cuts windows (if there is one), and how rows are picked beside it."""
    found: Val | None = None
    picks: list[object] = []
    for step in steps[: steps.index(base)][::-1]:
        mine = keys(step)
        if mine and any(map(cuts, mine[first:])):
            if found is not None or (first and cuts(mine[0])):
                return None
            found = step
        elif mine and cuts(mine[0]):
            picks.append(_picked(mine[0]))
        elif step.name == "part":
            picks.append(id(step.args[0].node) if step.args else None)
        elif not mine and step.name not in _KEEP | _ADDS | _ROWS:
            return None
    return found, picks


def cuts(key: Val) -> bool:
    """Whether a key takes some of the entries of an axis only."""
    whole = key.kind == "slice" and all(a.is_none for a in key.args[:2])
    return not whole and not key.is_none and key.const is not ...


def _picked(key: Val) -> object:
    if key.kind != "slice":
        return id(key)
    return tuple(None if a.is_none else str(places.as_sum(a)) for a in key.args[:2])


def _width(base: Val, first: int) -> int | None:
    """How many entries a window has, where that is written and nothing is cut off on the way."""
    for step in _down(base):
        mine = keys(step)
        if step.name in _TABLES:
            size = step.arg(2, "size") if step.name == "unfold" else step.arg(1, "window_shape")
            plain = "as_strided" not in step.name and size is not None and type(size.const) is int
            return size.const if plain and size is not None else None
        if len(mine) == 1 and mine[0].kind == "slice" and cuts(mine[0]):
            low, high = (places.as_sum(a) for a in mine[0].args[:2])
            if low and high and set(low) - {0}:
                return places.number(places.minus(high, low))
        if step.name in _ADDS or any(map(cuts, mine[1:])) or (first == 0 and mine and mine[0].kind == "slice"):
            return None
    return None


def _holds(mine: list[Val], other: list[Val], width: int | None) -> bool:
    """Whether all entries of the second cut are in the first one, which has more."""
    if any(k.is_none or k.const is ... for k in (*mine, *other)):
        return False
    axes, picked = max(len(mine), len(other)), False
    for axis in range(axes):
        size = width if axis == axes - 1 else None
        whole: Span = ((False, {}), (True, {}) if size is None else (False, {0: size}))
        wide = _span(mine[axis], size) if axis < len(mine) else whole
        thin = _span(other[axis], size) if axis < len(other) else whole
        if wide is None or thin is None or not (_before(wide[0], thin[0]) and _before(thin[1], wide[1])):
            return False
        if axis < len(mine) and mine[axis].kind != "slice":
            return False
        single = axis < len(other) and other[axis].kind != "slice"
        tail = axis < len(other) and cuts(other[axis]) and thin[1] == wide[1] and thin[0] != wide[0]
        picked = picked or single or (tail and axis < len(mine) and cuts(mine[axis]))
    return picked


def _span(key: Val, width: int | None) -> Span | None:
    """The first entry, and the one after the last, of what a key takes."""
    if key.kind == "slice":
        if len(key.args) > 2 and not key.args[2].is_none:
            return None
        low = (False, {}) if key.args[0].is_none else _place(key.args[0], width)
        high = (True, {}) if key.args[1].is_none else _place(key.args[1], width)
        high = (False, {0: width}) if high == (True, {}) and width is not None else high
        return (low, high) if low is not None and high is not None else None
    at = _place(key, width)
    if at is None:
        return None
    after = places.minus(at[1], {0: -1})
    return at, ((True, {}) if at[0] and not after else (at[0], after))


def _place(val: Val, width: int | None) -> Place | None:
    """A place in a window, counted from its end when it is negative."""
    if val.name == "neg" and val.args:
        inner = places.as_sum(val.args[0])
        form = None if inner is None else places.minus({}, inner)
        end = True
    else:
        form = places.as_sum(val)
        end = form is not None and (places.number(form) or 0) < 0
    if form is None:
        return None
    if end and width is not None:
        return False, places.minus(form, {0: -width})
    return end, form


def _before(a: Place, b: Place) -> bool:
    """Whether the first place is certainly not after the second."""
    if a[0] == b[0]:
        gap = places.number(places.minus(b[1], a[1]))
        return gap is not None and gap >= 0
    near = places.number(a[1]), places.number(b[1])
    # from the start and from the end of a window of unknown width: the first and the last few do not cross
    return not a[0] and None not in near and near[0] in (0, 1) and (near[1] or 0) >= -2


def leaves_out(x: Val, out: Val | None, one_by_one: bool) -> bool:
    """Whether the model itself cuts its input, so that it may leave out the entries that it has to predict.

    Entries that it reads ``one_by_one`` in a loop may be some of them only.
    """
    stack, seen = ([out] if out is not None else []), {id(x)}
    while stack and len(seen) < 400:
        val = stack.pop()
        if id(val) in seen or val.kind in CLOSED:
            continue
        seen.add(id(val))
        mine = keys(val)[1:]
        shorter = any((one_by_one and k.kind in _PICKS) or _ends_early(k) for k in mine)
        if (shorter or (val.name in _SPLITS and not val.grad)) and any(v is x for v in ancestors(val, limit=400)):
            return True
        stack.extend(val.inputs())
    return False


def _ends_early(key: Val) -> bool:
    return key.kind == "slice" and not key.args[1].is_none


def output_cut(event: Event, how: Callable[[Val], bool]) -> bool:
    """Whether outputs are cut before they are compared with targets."""
    sides = [a for a in event.args[:2] if a.grad]
    return any(any(map(how, keys(v)[1:])) for side in sides for v in q.seen_through(side))
