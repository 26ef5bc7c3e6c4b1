"""Rows that training and evaluation share, followed through indices, masks, loaders and generators."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import lineage, overlaps
from seedbed.doctor.static.lineage import Feed
from seedbed.doctor.static.naming import split_of
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

Pick = tuple[Val, Val]
_RANDOM = lineage.DRAWS | {
    "rand",
    "np_rand",
    "random",
    "np_random",
    "np_uniform",
    "uniform",
    "bernoulli",
    "multinomial",
}


_CUT_OUT = "the evaluation rows are cut out of the training rows"


def shared(p: Program) -> Iterator[tuple[Val, str]]:
    """Where the measured rows are picked so that rows of the training are among them, and why."""
    learned, measured = lineage.feeds(p)
    seen: set[int] = set()
    apart = [two for two in measured if _held_out(two)] if learned else []
    for one in learned:
        for two in apart:
            if id(two.event.node) in seen or _names(two.x) & _names(one.x) & {"val", "test"}:
                continue
            found = _both(p, one, two)
            if found is not None and found[1] == _CUT_OUT:  # else it is a last training on all rows
                others = [o for o in learned if o.event.node is not one.event.node and lineage.same_rows(o.x, two.x)]
                found = found if all(_both(p, o, two) for o in others) else None
            if found is not None:
                seen.add(id(two.event.node))
                yield found
    for two in [*measured, *_restored(p)]:
        found = _drawn_again(p, learned, two) if id(two.event.node) not in seen else None
        if found is not None:
            seen.add(id(two.event.node))
            yield found


_ORDERS = frozenset(["randperm", "np_permutation", "permutation"])


def _drawn_again(p: Program, learned: list[Feed], two: Feed) -> tuple[Val, str] | None:
    """Where the measured part is cut off another random order (or split) than any part that is trained on."""
    mine = _parts(two.x)
    if len(mine) != 1 or not learned:
        return None
    pick, (base, end) = next(iter(mine.items()))
    others = [_parts(one.x) for one in learned if lineage.same_rows(one.x, two.x) or _same_source(one.x, two.x)]
    if not others or any(len(o) != 1 or pick in o for o in others):
        return None
    again = [made for o in others for made, other in o.values() if other != end]
    if not again or _settled(p, again[0], base):
        return None
    what = "random_split" if base.name == "random_split" else "random permutation"
    return base, f"the parts come from two different draws: each call makes a new {what}, without a fixed seed"


def _restored(p: Program) -> list[Feed]:
    """What goes through models that got their weights from a file."""
    names = {id(e.recv) for e in p.all("restore")}
    return [Feed(e.args[0], None, e, False) for e in p.all("forward") if e.args and not e.depth and id(e.recv) in names]


_READ = frozenset(["load", "loadtxt", "genfromtxt", "read_csv", "read_parquet", "read_table", "fromfile"])


def _same_source(a: Val, b: Val) -> bool:
    """Whether rows come twice from one place that gives the same rows each time: a file, or a fixed seed."""
    ends = [{id(v.node): v for v in lineage.path(x) if not lineage.data_input(v)} for x in (a, b)]
    for node in ends[0].keys() & ends[1].keys():
        behind = list(ancestors(ends[0][node], limit=40))
        seeded = [v for v in behind if v.name in (*lineage.GENERATORS, "manual_seed")]
        fixed = any(c.kind == "const" for v in seeded for c in v.args)
        if fixed or any(v.name in _READ or v.name.startswith(("load_", "make_", "fetch_")) for v in behind):
            return True
    return False


def _parts(x: Val) -> dict[int, tuple[Val, str]]:
    """The draws that rows were cut off, each with its value and which end was taken."""
    found: dict[int, tuple[Val, str]] = {}
    for step in lineage.certain(x):
        keys = _of_loader(step.args[1]) if step.name == "batch" and len(step.args) > 1 else []
        key = lineage.row_key(step)
        for index in [k for _, k in keys] + ([key] if key is not None else []):
            call = index.attrs.get("__call__")
            if index.name == "random_split" and call is not None:
                found[id(call)] = (call, str(index.place))
                continue
            for order, cut in _index_cuts(index):
                root = next((v for v in lineage.certain(order) if v.name in _ORDERS), None)
                ends = (cut.args[0].is_none, cut.args[1].is_none) if cut.kind == "slice" else (True, True)
                if root is not None and ends[0] != ends[1]:
                    found[id(root)] = (root, "head" if ends[0] else "tail")
    return found


def _settled(p: Program, first: Val, second: Val) -> bool:
    """Whether two draws give the same numbers on purpose: a generator, or a seed set in between."""
    words = [v for one in (first, second) for v in (one.kwargs.get("generator"), *one.args[2:]) if v]
    words += [one.args[0] for one in (first, second) if one.args and one.name != "random_split"]
    if any(v.name in (*lineage.GENERATORS, "manual_seed") or v.kind == "object" for v in words):
        return True
    low, high = sorted((first.seq, second.seq))
    names = ("manual_seed", "seed", "seed_everything")
    seeds = [e for e in p.calls(*names) if e.recv is None and e.name.rsplit(".", 1)[-1] in names]
    return any(low < e.clock < high for e in seeds)


def _names(val: Val) -> set[str]:
    steps = lineage.certain(val)
    loaders = [v.args[1] for v in steps if v.name == "batch" and len(v.args) > 1]
    return {split_of(v.var) for v in (*steps, *loaders) if v.var} - {""}


def _held_out(feed: Feed) -> bool:
    """Whether the names say that data is for evaluation only."""
    told = _names(feed.x) or {split_of(k.var) for k in _keys(feed.x) if k.var}
    return bool(told & {"val", "test"}) and "train" not in told


def _keys(val: Val) -> list[Val]:
    return [k for v in lineage.certain(val) if (k := lineage.row_key(v)) is not None]


def _both(p: Program, one: Feed, two: Feed) -> tuple[Val, str] | None:
    if not lineage.same_rows(one.x, two.x):
        return _same_split(one.x, two.x)
    a, b = picks(p, one.x), picks(p, two.x)
    folds = [next((k for _, k in side if _fold(k)), None) for side in (a, b)]
    if folds[0] is not None and folds[1] is not None and (folds[0].place, folds[1].place) == (1, 0):
        return folds[
            0
        ], "split() of a cross-validation gives (train, test) indices, but they are unpacked the other way"
    if b and not a and not _unsure(one.x) and not _unsure(two.x) and _whole(p, one.x):
        return one.x, "the model is trained on all rows, which contain the evaluation rows"
    for base, key in a[:1]:
        for other, pick in b[:1]:
            if base is other and not _one_of_many(one.x) and not _one_of_many(two.x):
                found = _common(p, base, key, pick)
                if found:
                    return pick if pick.line else two.x, found
    return None


def _one_of_many(x: Val) -> bool:
    """Whether rows are those of a table that a comprehension makes anew for each sample: one value stands for all."""
    return any(v.name == "comprehension" for v in lineage.path(x))


def _fold(key: Val) -> bool:
    """Whether an index is one of the pair that a cross-validation gives."""
    return key.name == "part" and any(
        v.kind == "object" and v.name.endswith(("Fold", "Split")) for v in ancestors(key, limit=12)
    )


def _whole(p: Program, x: Val) -> bool:
    """Whether batches are taken from all rows: from an order over the length of the very table."""
    tables = {id(v) for v in lineage.certain(x)}
    if any(lineage.row_key(v) is not None and id(v) not in tables for v in lineage.path(x)):
        return False  # a sum of several things, one of which is a batch
    for step in lineage.certain(x):
        key = lineage.row_key(step)
        if key is None:
            continue
        counts = [v for v in ancestors(key, limit=60) if v.name in ("len", "shape") and v.args]
        if not counts or not all(id(v.args[0]) in tables or lineage.same_rows(v.args[0], x) for v in counts):
            return False
        if any(lineage.row_key(v) is not None for v in lineage.path(key, 40)):
            return False
    return True


def _unsure(x: Val) -> bool:
    """Whether rows may be left out in a way that is not seen: by a sampler, a helper, a joined table."""
    return any(
        v.name in ("cat", "concatenate", "stack", "setdiff1d", "drop", "part", "comprehension", "delete")
        or (v.name == "batch" and not _all_of(v))
        or "opaque" in v.tags
        or v.kind == "phi"
        for v in lineage.path(x)
    )


def _all_of(batch: Val) -> bool:
    """Whether a batch comes from a plain loader, which goes through all rows of plain tensors."""
    loader = batch.args[1] if len(batch.args) > 1 else None
    if loader is None or not loader.args or loader.args[0].name != "TensorDataset":
        return False
    return not {"sampler", "batch_sampler", "collate_fn", "**"} & loader.kwargs.keys() and len(loader.args) < 5


def picks(p: Program, x: Val) -> list[Pick]:
    """From the last to the first: each table that rows are picked from, and the index that picks them."""
    found: list[Pick] = []
    for step in lineage.certain(x):
        if step.name == "batch" and len(step.args) > 1:
            found += _of_loader(step.args[1])
            continue
        key = lineage.row_key(step)
        if key is not None and not lineage.is_batch(p, step) and step.args:
            found.append((step.args[0], key))
        elif step.name in ("train_test_split", "random_split", "sample") and step.args:
            found.append((step.args[0], step))
    return found


def _of_loader(loader: Val) -> list[Pick]:
    data = loader.args[0] if loader.args else None
    if data is None:
        return []
    sampler = loader.arg(4, "sampler") or loader.kwargs.get("batch_sampler")
    if sampler is not None and sampler.name == "SubsetRandomSampler" and sampler.args:
        return [(data, sampler.args[0])]
    if sampler is not None and not sampler.is_none:
        return [(data, sampler)]
    if data.name == "Subset" and len(data.args) > 1:
        return [(data.args[0], data.args[1])]
    if data.name == "random_split" and data.args:
        return [(data.args[0], data)]
    return []


def _picked_from(pick: Val, key: Val) -> bool:
    """Whether an index is a part of another one, and not what that one leaves out (``~mask``)."""
    way = lineage.certain(pick)
    place = next((n for n, v in enumerate(way) if v is key), 0)
    return place > 0 and all(v.name not in ("invert", "logical_not", "bitwise_not", "not") for v in way[:place])


def _common(p: Program, base: Val, key: Val, pick: Val) -> str:
    """What two indices into one table share, ``""`` when nothing or unknown."""
    if key is pick:
        return "the same index picks the training and the evaluation rows"
    if key.kind == pick.kind == "slice":
        return _slices(base, key, pick)
    if key.kind in ("tensor", "list", "unknown") and _picked_from(pick, key):
        return _CUT_OUT
    if "random_split" in (key.name, pick.name) and any(v.name == "range" or v.kind == "slice" for v in (key, pick)):
        return "one part is drawn at random from all rows, the other takes fixed places of the same table"
    if key.name == pick.name == "compare" and (met := _beyond(key, pick) or _beyond(pick, key)):
        return met
    if "slice" in (key.kind, pick.kind) or "train_test_split" in (key.name, pick.name) or _fold(key) or _fold(pick):
        return ""
    left, right = _draws(key), _draws(pick)
    if left and right and not (left.keys() & right.keys()):
        behind = {id(v) for v in ancestors(pick, limit=400)} | {id(v) for v in ancestors(key, limit=400)}
        both = {id(v) for d in left.values() for v in d.args[:1]} & {id(v) for d in right.values() for v in d.args[:1]}
        again = any(v.name in lineage.GENERATORS for d in left.values() for v in d.args[:1] if id(v) in both)
        masked = any(v.name in ("setdiff1d", "difference", "isin", "delete", "in1d") for v in ancestors(pick, limit=60))
        if masked or id(key) in behind - {id(key)} or (not again and _fixed(left) & _fixed(right)):
            return ""
        if not any(v.kind == "phi" for v in (key, pick)):
            return "training and evaluation rows are drawn independently of each other (two random draws)"
        return ""
    for one, inner in _index_cuts(key)[:1]:
        for two, other in _index_cuts(pick)[:1]:
            if one is two and inner is not other and inner.kind == other.kind == "slice":
                return _slices(one, inner, other)
    return ""


def _beyond(below: Val, above: Val) -> str:
    """Whether ``t < a`` and ``t >= b`` of one column meet, because ``b`` comes before ``a``."""
    ops = [v.node.ops[0] if isinstance(v.node, ast.Compare) and len(v.node.ops) == 1 else None for v in (below, above)]
    ends = [v.args[1].const if len(v.args) == 2 else None for v in (below, above)]
    if not isinstance(ops[0], (ast.Lt, ast.LtE)) or not isinstance(ops[1], (ast.Gt, ast.GtE)):
        return ""
    column = [v.node.left for v in (below, above) if isinstance(v.node, ast.Compare)]
    same = ast.dump(column[0]) == ast.dump(column[1]) and lineage.same_rows(below.args[0], above.args[0])
    high, low = ends
    words = isinstance(high, str) and isinstance(low, str) and low < high
    numbers = isinstance(high, float | int) and isinstance(low, float | int) and low < high
    if not same or not (words or numbers):
        return ""
    return f"rows from {low!r} to {high!r} are in both"


def _index_cuts(index: Val) -> list[Pick]:
    return [(v.args[0], k) for v in lineage.certain(index) if v.args and (k := lineage.row_key(v)) is not None]


def _draws(key: Val) -> dict[int, Val]:
    return {id(v): v for v in ancestors(key, limit=60) if v.name in _RANDOM and v.kind in ("tensor", "unknown")}


def _fixed(draws: dict[int, Val]) -> set[object]:
    """The constant seeds of the generators that were drawn from."""
    return {
        v.args[-1].const
        for d in draws.values()
        for v in ancestors(d, limit=20)
        if v.name in (*lineage.GENERATORS, "manual_seed") and v.args and v.args[-1].kind == "const"
    }


def _slices(base: Val, a: Val, b: Val) -> str:
    """Whether two slices of one thing certainly share places."""
    (low_a, high_a), (low_b, high_b) = a.args[:2], b.args[:2]
    if not (a.args[2].is_none and b.args[2].is_none) or overlaps.context(a, b):
        return ""
    if low_a.is_none and low_b.is_none:
        ends = (high_a, high_b)
        if all(e.is_none or e.kind != "const" or (isinstance(e.const, int) and e.const != 0) for e in ends):
            return "both parts begin with the first row"
    if high_a.is_none and high_b.is_none and not (low_a.is_none or low_b.is_none):
        return "both parts go on to the last row"
    size = _length(base)
    if isinstance(size, int):
        spans = [_span(low_a, high_a, size), _span(low_b, high_b, size)]
        if spans[0] and spans[1]:
            low, high = max(spans[0][0], spans[1][0]), min(spans[0][1], spans[1][1])
            if low < high:
                return f"places {low} to {high - 1} are in both"
    return ""


def _length(val: Val) -> int | None:
    """How many rows a table or an order has, when that is known."""
    if val.shape and isinstance(val.shape[0], int):
        return val.shape[0]
    if val.name in ("tolist", "numpy", "list", "tensor", "to", "long") and val.args:
        return _length(val.args[0])
    for count in val.args:
        if count.kind == "const" and isinstance(count.const, int):
            return count.const
        if count.name in ("len", "shape") and count.args:
            return _length(count.args[0])
    return None


def _span(low: Val, high: Val, size: int) -> tuple[int, int] | None:
    ends = []
    for val, default in ((low, 0), (high, size)):
        if val.is_none:
            ends.append(default)
        elif isinstance(val.const, int):
            ends.append(val.const + size if val.const < 0 else min(val.const, size))
        else:
            return None
    return ends[0], ends[1]


def _same_split(a: Val, b: Val) -> tuple[Val, str] | None:
    """Two loaders over the same part of one of the data sets that libraries bring."""
    left, right = ([v.args[1].args[0] for v in lineage.certain(x) if _from_loader(v)] for x in (a, b))
    for one in left:
        for two in right:
            if one is two or one.owner is not None or two.owner is not None or one.name != two.name:
                continue
            flags = [
                v.kwargs.get("train") or v.kwargs.get("split") or (v.args[1] if len(v.args) > 1 else None)
                for v in (one, two)
            ]
            known = [f.const for f in flags if f is not None and f.kind == "const"]
            if len(known) == 2 and known[0] == known[1]:
                return two, f"both are the same part of {one.name} ({known[0]!r})"
    return None


def _from_loader(val: Val) -> bool:
    return (
        val.name == "batch" and len(val.args) > 1 and bool(val.args[1].args) and val.args[1].args[0].kind == "dataset"
    )
