"""Positions in a part of the rows: which part a topk or argsort counts in, and where such numbers end up as indices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

COUNTING = ("topk_indices", "argsort", "np_argsort", "sort_indices", "argmax", "argmin", "np_argmax", "np_argmin")
_FOUND = ("nonzero", "where", "np_where", "flatnonzero", "argwhere")
_CARRY = frozenset(
    ["index", "split", "element", "getitem", "tolist", "list", "numpy", "to", "cpu", "tensor", "as_tensor",
     "from_numpy", "array", "asarray", "long", "int", "int_builtin", "item", "set", "sorted", "flip", "reversed",
     "unique", "view", "flatten", "reshape", "squeeze", "clone", "detach", "iter", "enumerate", "LongTensor",
     "astype"]
)  # fmt: skip
_JOINED = frozenset(["cat", "concat", "concatenate", "hstack", "stack"])
_REDUCED = frozenset(
    ["sum", "mean", "max", "min", "amax", "amin", "max_values", "norm", "std", "var", "entropy", "loss"]
)
_PAIRS = frozenset(["cdist", "matmul", "mm", "einsum", "bmm", "cosine_similarity"])


@dataclass(eq=False)
class Counted:
    """A value that counts rows of ``base[key]``."""

    val: Val
    base: Val
    key: Val


def counts(val: Val) -> bool:
    """Whether an operation gives the numbers of rows."""
    return val.name in COUNTING or (val.name in _FOUND and len(val.args) == 1)


def counted(p: Program) -> list[Counted]:
    """The positions of a program for which the part that they count in is certain."""
    found = [(v, _part(v)) for v in p.anywhere(*COUNTING, *_FOUND) if counts(v)]
    return [Counted(v, *part) for v, part in found if part is not None]


def _part(val: Val) -> tuple[Val, Val] | None:
    """The table and the index of the rows that positions count."""
    if not val.args:
        return None
    score = val.args[0]
    dim = val.kwargs.get("dim", val.kwargs.get("axis"))
    if score.shape is not None and len(score.shape) != 1:
        return None
    if score.shape is None and (dim is not None or not any(_flattens(v) for v in lineage.path(score, 12))):
        return None
    current, pooled = score, False
    for _ in range(60):
        if current.name == "batch":
            return _of_loader(current) if pooled else None
        if current.name in ("element", "index"):
            if not pooled:
                return None  # one of many batches
        elif current.name in _PAIRS and len(current.args) > 1 and not _over_last(score, current):
            return None
        key = lineage.row_key(current)
        if key is not None:
            return None if not _picks(key) else (current.args[0], key)
        pooled = pooled or current.name in _JOINED
        inner = [i for i in lineage.data_input(current) if i.kind not in ("const", "number")]
        if current.name in _JOINED and inner and inner[0].items:
            inner = inner[0].items[:1]
        if not inner or (len(inner) > 1 and current.kind != "list"):
            return None
        current = inner[0]
    return None


def _flattens(val: Val) -> bool:
    """Whether an operation leaves one number for each row."""
    if val.name == "getitem" and len(val.args) > 1 and val.args[1].kind == "tuple":
        return any(i.kind == "const" and isinstance(i.const, int) for i in (val.args[1].items or [])[1:])
    return val.name in _REDUCED or val.name in ("squeeze", "ravel")


def _over_last(score: Val, pairs: Val) -> bool:
    """Whether the columns of a table of pairs are reduced, so that its rows are left."""
    for one in lineage.path(score, 20):
        if one is pairs:
            return False
        if one.name in _REDUCED and len(one.args) + len(one.kwargs) > 1:
            return one.number(1, "dim") in (1, -1)
    return False


def _of_loader(batch: Val) -> tuple[Val, Val] | None:
    """The data set and the indices of a subset that a loader reads in its order."""
    loader = batch.args[1] if len(batch.args) > 1 else None
    if loader is None or loader.name != "DataLoader" or not loader.args:
        return None
    mixed = [loader.kwargs.get("shuffle"), loader.kwargs.get("sampler"), loader.kwargs.get("batch_sampler")]
    if any(m is not None and not m.is_none and m.const is not False for m in mixed) or len(loader.args) > 2:
        return None
    data = loader.args[0]
    if data.name != "Subset" or len(data.args) < 2 or not _picks(data.args[1]):
        return None
    return data.args[0], data.args[1]


def _picks(key: Val) -> bool:
    """Whether an index certainly does not begin with the first rows in their order."""
    if key.kind == "slice":
        start = key.args[0].const
        return isinstance(start, int) and start > 0 and (key.args[2].is_none if len(key.args) > 2 else True)
    return key.kind in ("tensor", "list", "unknown") and not any(
        v.name in ("arange", "range") and len(v.args) == 1 for v in [f.core(key), *f.core(key).args[:1]]
    )


def carried(key: Val) -> Iterator[Val]:
    """What the numbers in an index are, taken through lists, cuts and joins of indices."""
    stack, seen = [key], set[int]()
    while stack and len(seen) < 120:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if counts(one):
            yield one
        elif one.kind == "phi":
            stack.extend(one.args)
        elif one.name == "comprehension":
            stack.extend(one.args[1:])
        elif one.name in _JOINED or (one.kind in ("list", "tuple") and one.items):
            stack.extend(one.items or [i for a in one.args[:1] for i in a.items or ()])
        elif one.name == "add" and any(a.kind == "list" or a.name in ("list", "tolist", "sorted") for a in one.args):
            stack.extend(one.args)
        elif one.name in _CARRY:
            stack.extend(one.args[:1])


@dataclass(eq=False)
class Pick:
    """Rows of a table taken by an index."""

    base: Val
    key: Val
    event: Event


def picks(p: Program) -> list[Pick]:
    """All places where rows are taken by an index."""
    found: list[Pick] = []
    for event in p.all("getitem"):
        if event.recv is not None and event.args:
            key = event.args[0].items[0] if event.args[0].kind == "tuple" and event.args[0].items else event.args[0]
            if key.kind not in ("const", "slice"):
                found.append(Pick(event.recv, key, event))
    for event in p.calls("Subset"):
        if len(event.args) > 1:
            found.append(Pick(event.args[0], event.args[1], event))
    marks = [(r.base, v) for r in found for v in _made_of(r.key) if v.kind == "tensor"]
    for event in p.all("setitem"):
        if event.recv is not None and event.args and event.args[0].kind in ("tensor", "unknown", "list"):
            found += [Pick(base, event.args[0], event) for base, mark in marks if f.core(event.recv) is f.core(mark)]
    return found


def _made_of(key: Val) -> list[Val]:
    """What an index was worked out from, but not what picked it out of another index: that one counts in a part."""
    found: list[Val] = []
    stack = [key]
    while stack and len(found) < 6:
        one = stack.pop()
        found.append(one)
        stack += one.args[:1] if lineage.row_key(one) is not None else list(one.inputs())
    return found


def same_table(a: Val, b: Val, rows: list[Pick]) -> bool:
    """Whether two values are one table, or two that the same index is used for (inputs and their labels)."""
    if f.core(a) is f.core(b):
        return True
    keys = [{id(f.core(r.key)) for r in rows if f.core(r.base) is f.core(t)} for t in (a, b)]
    return bool(keys[0] & keys[1])


def grown(p: Program) -> Iterator[tuple[Val, Val, Event]]:
    """Lists and sets of indices that get more entries: the list, what it gets, and where."""
    for event in p.calls("extend", "append", "update"):
        if event.recv is not None and event.args:
            held = event.recv.args[0] if event.recv.kind == "method" and event.recv.args else event.recv
            yield held, event.args[0], event


def cut_alike(a: Val, key: Val) -> bool:
    """Whether an index and another are parts of one order of rows."""
    orders = {id(v) for v in ancestors(key, limit=40) if v.name in ("randperm", "permutation", "np_permutation")}
    return any(id(v) in orders for v in lineage.path(a, 40))
