"""Where the rows of inputs and targets come from: cuts, orders and scalings on the way from the raw data to a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seedbed.doctor.static import rounds, training
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors

GENERATORS = frozenset(["default_rng", "np_default_rng", "RandomState", "np_RandomState", "Random", "Generator"])
DRAWS = frozenset(
    ["randperm", "np_permutation", "permutation", "randint", "np_randint", "integers", "choice", "np_choice", "sample"]
)
_METRICS = frozenset(["accuracy_score", "f1_score", "mean_squared_error", "mean_absolute_error", "r2_score"])
_BUFFERS = frozenset(["zeros", "empty", "full", "ones", "zeros_like", "empty_like", "full_like", "new_zeros"])
_TOGETHER = frozenset(["shuffle", "resample", "fit_resample"])  # calls that give back each of their arguments
_SCALAR = frozenset(["const", "number"])
_MERGES = frozenset(["add", "where", "cat", "concatenate", "stack", "vstack", "hstack", "concat", "column_stack"])


@dataclass(eq=False)
class Feed:
    """Inputs that go through a model together with the targets that its output is compared with."""

    x: Val
    y: Val | None
    event: Event
    trained: bool


def feeds(p: Program) -> tuple[list[Feed], list[Feed]]:
    """What is trained on and what is measured on, in order."""
    if "feeds" not in p.cache:
        measured = training.evaluations(p)
        learned = [e for e in training.forwards(p) if e.grad and e.args and training.updates(p, e.result)]
        p.cache["feeds"] = (list(_pairs(p, learned, True)), list(_pairs(p, measured, False)))
    found: tuple[list[Feed], list[Feed]] = p.cache["feeds"]
    return found


def _pairs(p: Program, forwards: list[Event], trained: bool) -> Iterator[Feed]:
    if not forwards:
        return
    compared = [
        (e, e.args[0], e.args[1])
        for e in p.all("loss", "compare", "call")
        if len(e.args) >= 2 and (e.kind != "call" or e.name.rsplit(".", 1)[-1] in _METRICS)
    ]
    outputs = {id(e.result) for e in forwards} | {id(i) for e in forwards if e.result for i in e.result.items or []}
    known: dict[int, set[int]] = {}

    def until(val: Val) -> set[int]:
        if id(val) not in known:
            known[id(val)] = _until_model(val, outputs)
        return known[id(val)]

    sides = [(y, until(x), e.clock) for e, x, y in compared]
    sides += [(x, until(y), e.clock) for e, x, y in compared if e.kind != "loss"]
    for diff, _ in training.squared_errors(p) if trained else ():
        guesses, goals = ([a for a in diff.args[:2] if a.grad is flag] for flag in (True, False))
        if len(guesses) == len(goals) == 1:
            sides.append((goals[0], until(guesses[0]), diff.seq))
    for event in forwards:
        if not event.args:
            continue
        made = [event.result, *(event.result.items or [])] if event.result is not None else []
        targets = [
            y
            for y, ids, then in sides  # an output of later can be in a table that was read before
            if y.kind not in _SCALAR and any(id(m) in ids and m.seq <= then for m in made)
        ]
        yield Feed(event.args[0], targets[0] if targets else None, event, trained)


def _until_model(val: Val, outputs: set[int]) -> set[int]:
    """What an output was made from; nothing when rows are picked out of it, as nodes of a graph are."""
    for step in path(val, 60):
        if step.name == "forward" or id(step) in outputs:
            break
        if row_key(step) is not None:
            return set()
    made = list(ancestors(val, limit=250))
    found = outputs.intersection(map(id, made))
    for step in made if len(found) > 1 else ():
        if step.name == "matmul" and len(step.args) == 2 and step.args[1].name in ("T", "mT", "t", "transpose"):
            rows, columns = (outputs.intersection(map(id, ancestors(a, limit=250))) for a in step.args)
            found -= columns - rows if rows else set()  # as many columns as it has rows: they are no samples
    return found


_FIRST_WORDS = ("input", "sequences", "tensors", "tensor", "x", "a", "object")  # the data, where it is given by name


def data_input(val: Val) -> list[Val]:
    """The values whose rows are the rows of ``val``: its main inputs."""
    if val.kind == "phi":
        return list(val.args)
    if val.kind in ("const", "number", "slice", "func", "class", "lib", "module"):
        return []
    if val.kind in ("list", "tuple", "iter") and val.name in ("", "literal", "map") and val.items:
        return list(val.items)
    if val.name == "comprehension" and val.items:
        return [*val.items[:1]]
    if val.name in _BUFFERS:
        return [a for a in val.args if a.kind in ("tensor", "list") and a.name != "size"][:4]
    if val.args and val.args[0].name in GENERATORS:
        return [a for a in val.args[1:2] if a.kind not in ("tuple", *_SCALAR)]  # data, not the shape of a draw
    if val.name in _MERGES and val.args:
        parts = [a for a in val.args if a.kind not in _SCALAR and a.kind != "slice"]
        if val.name == "where":
            return parts[1:]
        return parts if val.name == "add" else parts[:1]
    if val.name in ("mul", "matmul") and len(val.args) == 2:
        return [a for a in val.args if a.kind not in _SCALAR and a.shape != () and not _of_scalar(a)][:1]
    if val.name == "part" and val.args and val.args[0].name in _TOGETHER and val.place is not None:
        return list(val.args[0].args[val.place : val.place + 1])
    if val.name == "batch" and len(val.args) > 1 and val.args[0].name == "sample":
        return list(val.args[0].args[:1])
    given = val.args[:1] or [val.kwargs[w] for w in _FIRST_WORDS if w in val.kwargs][:1]
    return [a for a in given if a.kind not in _SCALAR and a.name != "shape"]


def _of_scalar(val: Val) -> bool:
    """Whether it is worked out from one drawn number, as in ``1 - lam``."""
    return val.name in ("sub", "add", "mul") and all(a.kind in _SCALAR or a.shape == () for a in val.args)


_MEMO: dict[tuple[str, int, int], tuple[Val, list[Val]]] = {}
_remembering = False


def remember(on: bool) -> None:
    """Whether ways are looked up once: while rules ask about a program that no longer changes."""
    global _remembering
    _remembering = on
    _MEMO.clear()


def path(val: Val, limit: int = 300) -> list[Val]:
    """``val`` and everything whose rows it holds, down to the raw data."""
    return _once("path", val, limit)


def certain(val: Val) -> list[Val]:
    """The steps that lie on every way from ``val`` down to its raw data, the last one first."""
    return _once("certain", val, 0)


def _once(what: str, val: Val, limit: int) -> list[Val]:
    known = _MEMO.get((what, id(val), limit))
    if known is None:
        known = val, _path(val, limit) if what == "path" else _certain(val)  # holding val keeps its id its own
        if _remembering:
            _MEMO[what, id(val), limit] = known
    return list(known[1])


def _path(val: Val, limit: int) -> list[Val]:
    found: list[Val] = []
    stack, seen = [val], set[int]()
    while stack and len(found) < limit:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        found.append(one)
        stack.extend(data_input(one))
    return found


def _certain(val: Val) -> list[Val]:
    steps: list[Val] = []
    current = val
    for _ in range(200):
        steps.append(current)
        inner = [i for i in data_input(current) if i.kind not in _SCALAR]
        if not inner:
            break
        if len(inner) > 1:
            ways = [certain_ids(i) for i in inner]
            common = set.intersection(*ways)
            steps += [v for v in path(inner[0]) if id(v) in common]
            break
        current = inner[0]
    return steps


def certain_ids(val: Val, depth: int = 0) -> set[int]:
    """The ids of ``certain`` steps."""
    found: set[int] = set()
    current = val
    for _ in range(200):
        found.add(id(current))
        inner = [i for i in data_input(current) if i.kind not in _SCALAR]
        if len(inner) != 1:
            if len(inner) > 1 and depth < 4:
                found |= set.intersection(*[certain_ids(i, depth + 1) for i in inner])
            break
        current = inner[0]
    return found


def roots(val: Val) -> set[int]:
    """The raw data that the rows of ``val`` come from."""
    return {id(v) for v in path(val) if not data_input(v) and v.kind not in _SCALAR}


def row_key(val: Val) -> Val | None:
    """What picks rows, when ``val`` is an item of something: a slice, an index or a mask."""
    if val.name not in ("getitem", "index_select", "take", "compress", "Subset") or len(val.args) < 2:
        return None
    key = val.args[2] if val.name == "index_select" and len(val.args) > 2 else val.args[1]
    if key.kind == "tuple" and key.items:
        key = key.items[0]
    if key.kind == "slice":
        return None if key.args[0].is_none and key.args[1].is_none else key
    if key.kind in ("const",) or key.is_none or (key.kind == "list" and _names(key)):
        return None
    return key


def _names(key: Val) -> bool:
    return bool(key.items) and all(i.kind == "const" and isinstance(i.const, str) for i in key.items or [])


def stepping(p: Program) -> set[int]:
    """Ids of the source places that run in every round of training: cuts there take batches, not splits."""
    if "stepping" not in p.cache:
        frames = {id(b.node) for e in p.all("backward") for b in e.loops if rounds.repeats(b) and not _over_folds(b)}
        p.cache["stepping"] = (
            {id(e.node) for e in p.all("getitem", "call") if any(id(f.node) in frames for f in e.loops)}
            if frames
            else set()
        )
    found: set[int] = p.cache["stepping"]
    return found


def _over_folds(loop: LoopRun) -> bool:
    """Whether a loop runs over the folds of a cross-validation."""
    over = rounds.base_of_loop(loop)
    return over is not None and over.name == "split" and any(a.kind == "object" for a in over.inputs())


def cuts(p: Program, val: Val) -> list[Val]:
    """The places on the way from ``val`` to its raw data where rows are taken away to make a split."""
    steps = path(val)
    found = [v for v in steps if is_cut(v) and not is_batch(p, v)]
    return found + [c for v in steps if v.name == "batch" and len(v.args) > 1 for c in _of_loader(v.args[1])]


def _of_loader(loader: Val) -> list[Val]:
    """What makes a loader give a part of the rows only: a subset, or a sampler of some of them."""
    sampler = loader.arg(4, "sampler") or loader.kwargs.get("batch_sampler")
    if sampler is not None and sampler.name in ("SubsetRandomSampler",):
        return [sampler]
    data = [o for a in loader.args[:1] for o in a.options()]
    data += [o for d in data if d.owner is not None for v in d.attrs.values() for o in v.options()]
    return [d for d in data if d.name in ("Subset", "random_split") and d.kind == "dataset"]


_ORDERS = frozenset(["randperm", "np_permutation", "permutation", "argsort", "np_argsort", "lexsort"])
_SAME = frozenset(
    ["tolist", "numpy", "to", "long", "cpu", "list", "tensor", "as_tensor", "from_numpy", "array", "flip"]
)


def reorders(step: Val) -> bool:
    """Whether rows are only put in another order: the index is an order of all rows of the very table."""
    key = row_key(step)
    for _ in range(6):
        if key is None or key.name in _ORDERS or not (key.name in _SAME and key.args):
            break
        key = key.args[0]
    if key is None or key.name not in _ORDERS or not key.args:
        return False
    count = next((a for a in key.args if a.name not in GENERATORS), key.args[0])
    if count.kind == "const":
        shape = step.args[0].shape
        return bool(shape) and shape is not None and isinstance(count.const, int) and shape[0] == count.const
    if count.name in ("len", "shape", "size") or (count.name == "getitem" and count.args[0].name in ("shape", "size")):
        table = (
            (count.args[0] if count.name in ("len", "shape", "size") else count.args[0].args[0]) if count.args else None
        )
        return table is not None and _length_alike(table, step.args[0])
    return count.kind == "tensor" and _length_alike(count, step.args[0])


def _length_alike(a: Val, b: Val) -> bool:
    """Whether two tables certainly have as many rows: one is made of the other without a cut."""
    if a is b:
        return True
    if a.shape and b.shape and isinstance(a.shape[0], int):
        return a.shape[0] == b.shape[0]
    return bool(roots(a) & roots(b)) and not any(row_key(v) is not None for x in (a, b) for v in path(x))


def is_batch(p: Program, step: Val) -> bool:
    """Whether rows are picked anew in every round: a batch, not a split."""
    if id(step.node) not in stepping(p):
        return False
    key = row_key(step)
    return key is None or _moves(p, key)


def _moves(p: Program, key: Val) -> bool:
    """Whether an index changes from round to round: it is drawn, counted or made in the loop of training itself."""
    if "spans" not in p.cache:
        p.cache["spans"] = {
            (id(b.src), b.line, getattr(b.node, "end_lineno", 0) or 0)
            for e in p.all("backward")
            for b in e.loops
            if rounds.repeats(b) and not _over_folds(b)
        }
    inner, spans = stepping(p), p.cache["spans"]
    parts = key.args[:2] if key.kind == "slice" else (key,)
    for one in (v for part in parts for v in ancestors(part, limit=60)):
        if one.kind in ("const", "lib", "func", "class") or one.node is None:
            continue
        if id(one.node) in inner or "free" in one.tags:
            return True
        if any(id(one.src) == src and low <= one.line <= high for src, low, high in spans):
            return True
    return False


def is_cut(val: Val) -> bool:
    """Whether rows are taken away here."""
    if val.name in ("train_test_split", "random_split", "Subset", "masked_select"):
        return True
    if val.name in ("head", "tail", "sample") and val.kind in ("tensor", "unknown"):
        if getattr(val.kwargs.get("frac"), "const", None) == 1:
            return False  # all rows, in another order
        return val.name != "sample" or "pandas" in val.tags or any("pandas" in a.tags for a in val.args[:1])
    if val.name == "drop" and len(val.args) > 1 and val.args[1].name == "index":
        return True  # the rows that another part does not have
    return row_key(val) is not None and not reorders(val)


def same_rows(a: Val, b: Val) -> bool:
    """Whether the rows of two values come from one raw table."""
    return bool(roots(a) & roots(b))
