"""In which order rows are: the random orders and sorts on the way from the raw data to inputs and targets."""

from __future__ import annotations

from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

Key = tuple[object, ...]
_INDEX = frozenset(["randperm", "np_permutation", "permutation"])
_SORTED = frozenset(["argsort", "np_argsort", "lexsort"])


def shuffled_in_place(p: Program) -> dict[int, Event]:
    """By id: the values that a ``shuffle(x)`` mixes in place."""
    if "in_place" not in p.cache:
        found: dict[int, Event] = {}
        for event in p.calls("shuffle"):
            if event.name.rsplit(".", 1)[-1] == "shuffle" and event.args and not event.name.startswith("sklearn"):
                if event.recv is None and event.name.split(".")[0] not in ("numpy", "np", "random"):
                    continue
                found.setdefault(id(event.args[0]), event)
        p.cache["in_place"] = found
    table: dict[int, Event] = p.cache["in_place"]
    return table


def orders(p: Program, val: Val) -> dict[Key, Val]:
    """The orders that the rows of ``val`` were put in, each with the step that did it."""
    found: dict[Key, Val] = {}
    mixed = shuffled_in_place(p)
    steps = lineage.certain(val)
    for place, step in enumerate(steps):
        key = lineage.row_key(step)
        if key is not None and key.name in _SORTED and key.kind == "tensor" and not _in_sample(step.args[0]):
            found[("draw", id(key))] = step
        for index in lineage.path(key, 40) if key is not None else []:
            if index.name in _INDEX and index.kind == "tensor":
                found[("draw", id(index))] = index
            if id(index) in mixed:
                found[("draw", id(index))] = index
        if id(step) in mixed and (not place or steps[place - 1].seq > mixed[id(step)].clock):
            found[_seeded(p, mixed[id(step)])] = step
        known = _order_of(step)
        if known is not None:
            found[known] = step
    return found


def _in_sample(table: Val) -> bool:
    """Whether what is sorted is one sample or one batch, whose labels stay where they are."""
    keys = [(v.name, lineage.row_key(v)) for v in lineage.path(table)]
    return any(name in ("batch", "element") or (k is not None and k.kind == "number") for name, k in keys)


def _order_of(step: Val) -> Key | None:
    """The order that a step gives to the rows themselves."""
    data = lineage.data_input(step)
    state = step.kwargs.get("random_state")
    fixed = state.const if state is not None and state.kind == "const" else None
    if step.name in ("np_permutation", "permutation") and data and data[0].kind in ("tensor", "unknown", "method"):
        return None if data[0].name in ("arange", "len", "shape") else ("permutation", id(step))
    if step.name == "batch" and len(step.args) > 1 and step.args[1].kind == "loader":
        mixes = step.args[1].arg(2, "shuffle")
        return ("loader", id(step.args[1])) if mixes is not None and mixes.const is True else None
    if step.name == "shuffle" and step.kind in ("unknown", "tensor", "object") and step.args:
        return ("shuffle", fixed) if fixed is not None else ("shuffle", id(step))
    if step.name == "sample" and step.kind in ("tensor", "unknown") and {"frac", "n"} & set(step.kwargs):
        return ("sample", fixed) if fixed is not None else ("sample", id(step))
    if step.name in ("sort_values", "sort_index") and step.kind == "tensor":
        by = step.arg(1, "by")
        names = tuple(i.const for i in by.items) if by is not None and by.items else by.const if by is not None else ""
        return (step.name, names if names is not None else id(step))
    if step.name == "train_test_split" and step.kind == "tensor":
        flag = step.kwargs.get("shuffle")
        if flag is not None and flag.const is False:
            return None
        call = step.attrs.get("__call__", step)
        if state is not None and state.kind != "const":
            return ("split", id(state))
        return ("split", fixed) if fixed is not None else ("split", id(call))
    return None


def _seeded(p: Program, event: Event) -> Key:
    """The same for two shuffles that start from one seed."""
    maker = event.recv
    if maker is not None and maker.name in lineage.GENERATORS and maker.args and maker.args[0].kind == "const":
        first = next((e for e in p.all("call") if e.recv is maker), event)
        if first.node is event.node:
            return ("seeded", maker.args[0].const)
    before = [e for e in p.all("call") if e.seq < event.seq]
    if before and before[-1].name.rsplit(".", 1)[-1] in ("seed", "set_state", "setstate"):
        last = before[-1]
        state = last.args[0] if last.args else None
        return ("seeded", state.const if state is not None and state.kind == "const" else id(state))
    return ("in place", id(event))


def sorts(val: Val) -> list[Val]:
    """Steps that sort the values themselves, so that rows lose their neighbours in other tables."""
    found = []
    for step in lineage.certain(val):
        data = lineage.data_input(step)
        if step.name in ("sort", "np_sort", "msort", "sorted") and data and data[0].kind in ("tensor", "method"):
            if _within_rows(step, data[0]):
                continue
            inner = [v for v in lineage.path(data[0]) if not lineage.data_input(v)]
            if all(v.kind == "tensor" and v.name not in ("arange", "linspace", "unique") for v in inner):
                found.append(step)
    return found


def _within_rows(step: Val, data: Val) -> bool:
    """Whether a sort leaves the rows where they are, and orders what is in each one."""
    given = next((v for v in (step.kwargs.get("dim"), step.kwargs.get("axis"), *step.args[1:2]) if v is not None), None)
    rank = len(data.shape) if data.shape is not None else None
    if given is not None and isinstance(given.const, int) and not isinstance(given.const, bool):
        return given.const > 0 or (given.const < 0 and (given.const != -1 or rank not in (None, 1)))
    return step.name in ("sort", "np_sort") and given is None and rank is not None and rank > 1


def unpaired(p: Program, x: Val, y: Val) -> tuple[Val, str] | None:
    """The step that takes inputs and targets out of step, and how, ``None`` when they fit."""
    x, y = _one_round(x, y)
    a, b = orders(p, x), orders(p, y)
    same = _loaders(x) & _loaders(y)  # parts of one batch have one order, whatever was done to them
    a, b = ({k: s for k, s in side.items() if k[0] != "loader" or k[1] not in same} for side in (a, b))
    if a.keys() == b.keys():
        return _sorted_apart(x, y)
    only_x = [s for k, s in a.items() if k not in b and not _known(p, k, s, y)]
    only_y = [s for k, s in b.items() if k not in a and not _known(p, k, s, x)]
    if only_x and only_y:
        return max(only_x[0], only_y[0], key=lambda s: s.seq), "both"
    one, other = (only_x, y) if only_x else (only_y, x)
    if not one or not _raw_rows(other):
        return None
    if id(one[0]) not in shuffled_in_place(p) and any(v is one[0] for v in ancestors(other, limit=600)):
        return None  # samples that lie on another axis, as in x[:, i]
    if not (lineage.same_rows(x, y) or _twins(x, y) or _named_pair(x, y)):
        return None
    return one[0], "inputs" if only_x else "targets"


def _one_round(x: Val, y: Val) -> tuple[Val, Val]:
    """Both as they are in the first of the rounds that were merged, when one place has made them in every round."""
    while x.kind == y.kind == "phi" and len(x.args) == len(y.args):
        if any(v.node is None or v.node is not side.args[0].node for side in (x, y) for v in side.args):
            break
        x, y = x.args[0], y.args[0]
    return x, y


def _loaders(val: Val) -> set[object]:
    """The ids of the loaders that the batches behind a value come from."""
    steps = lineage.path(val)
    steps += [v for s in steps if (k := lineage.row_key(s)) is not None for v in lineage.path(k, 40)]
    return {id(v.args[1]) for v in steps if v.name == "batch" and len(v.args) > 1}


def _rows_and_indices(val: Val) -> set[int]:
    """The ids of everything that gives ``val`` its rows: tables, and the indices that pick from them."""
    steps = lineage.path(val)
    for _ in range(2):
        keys = [k for s in steps if (k := lineage.row_key(s)) is not None]
        steps = [*steps, *(v for k in keys for v in lineage.path(k, 40))]
    return {id(v) for v in steps}


def _known(p: Program, key: Key, step: Val, other: Val) -> bool:
    """Whether the other side was made from this very order: by its steps, its indices, or on some way to it."""
    if key[0] == "in place":
        return False
    mixed = shuffled_in_place(p).get(id(step))
    if mixed is not None:  # places that were mixed: both sides may look there, each in its own way
        ways = ancestors(other, limit=600)
        return any(v.seq > mixed.clock and any(i is step for i in v.inputs()) for v in ways)
    if id(step) in _rows_and_indices(other):
        return True
    if any(v.name == "comprehension" for v in lineage.path(other, 60)):  # [rows[j] for j in order.tolist()]
        return any(v is step for v in ancestors(other, limit=600))
    return key[0] == "split" and any(
        v.name == "train_test_split" and _order_of(v) == key for v in ancestors(other, limit=400)
    )


def _raw_rows(val: Val) -> bool:
    """Whether rows keep the order that they were loaded or made in, as far as can be seen."""
    steps = lineage.path(val)
    if any(v.kind == "list" and v.name == "repeat" for v in steps):
        return False  # one thing many times: all rows are equal
    ends = [v for v in steps if not lineage.data_input(v)]
    plain = (
        "zeros",
        "ones",
        "full",
        "zeros_like",
        "ones_like",
        "full_like",
        "empty",
        "eye",
        "new_zeros",
        "new_ones",
        "arange",
    )
    return bool(ends) and all(
        v.kind in ("tensor", "unknown", "object") and v.name not in plain and "free" not in v.tags and v.shape != ()
        for v in ends
    )


def _twins(x: Val, y: Val) -> bool:
    """Whether both come from one call that makes a table and its target."""
    ends_x = {id(v.node) for v in lineage.path(x) if not lineage.data_input(v) and v.kind == "tensor"}
    ends_y = {id(v.node) for v in lineage.path(y) if not lineage.data_input(v) and v.kind == "tensor"}
    return bool(ends_x & ends_y - {id(None)})


def _named_pair(x: Val, y: Val) -> bool:
    """Whether the names say that both are rows of one data set, as in ``x`` and ``y``."""
    names = {v.var.lower() for v in lineage.path(y) if v.var}
    return bool(names & {"y", "ys", "label", "labels", "target", "targets", "y_train", "y_all", "t", "cls", "classes"})


def _sorted_apart(x: Val, y: Val) -> tuple[Val, str] | None:
    a, b = sorts(x), sorts(y)
    if {id(s) for s in a} == {id(s) for s in b}:
        return None
    if a and b:
        return max(a[0], b[0], key=lambda s: s.seq), "sorted"
    step = (a or b)[0]
    other = y if a else x
    if any(v is other for v in lineage.path(step)):
        return None  # it is worked out from the other: to sort is what is learned
    if any(v is step for v in ancestors(other, limit=600)) or not _raw_rows(other):
        return None
    if lineage.same_rows(x, y) or _twins(x, y) or _named_pair(x, y):
        return step, "sorted"
    return None
