"""Questions about loops: over which data, and whether they repeat training."""

from __future__ import annotations

import ast

from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import split_of, words
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val


def split_of_val(val: Val | None) -> str:
    """The split that data comes from, as the flow or a name tells."""
    if val is None:
        return ""
    for one in val.options():
        if one.split:
            return one.split
        if one.var and (found := split_of(one.var)):
            return found
    return ""


def is_eval_loop(loop: LoopRun | None) -> bool:
    """Whether a loop runs over validation or test data."""
    return loop is not None and loop.over is not None and loop_split(loop) in ("val", "test")


def loop_split(loop: LoopRun) -> str:
    """The split that a loop runs over."""
    over = loop.over
    while over is not None and _wraps(over):
        if over.kind == "unknown" and (found := split_of_val(over)):
            return found
        over = over.args[0]
    if over is not None and over.kind == "loader" and over.arg(4, "sampler") is not None and split_of(over.var):
        return split_of(over.var)  # its sampler picks the part of a data set that both loaders are given
    return split_of_val(over) if over is not None else ""


def _wraps(over: Val) -> bool:
    """Whether a value only hands on what another one holds, round by round."""
    stored = over.kind == "unknown" and over.name == "list" and over.args and over.args[0].kind == "iter"
    return bool(stored) or (over.kind == "iter" and bool(over.args) and over.name in _WRAPPERS)


_WRAPPERS = frozenset(
    ["enumerate", "zip", "iter", "map", "reversed", "tqdm", "list", "sorted", "prefetch", "track", "generator"]
)


def base_of_loop(loop: LoopRun | None) -> Val | None:
    """What a loop really runs over: ``enumerate``, ``tqdm`` and ``zip`` are seen through."""
    over = loop.over if loop is not None else None
    while over is not None and _wraps(over):
        over = over.args[0]
    return over


def how_many(loop: LoopRun) -> int | None:
    """How many rounds a loop has: a range of known numbers, the pieces of an order or the rows of a known shape."""
    over = loop.over
    while over is not None and over.kind == "iter" and over.name in ("enumerate", "tqdm") and over.args:
        over = over.args[0]
    if over is not None and over.name == "range" and over.args and over.kind == "iter":
        numbers = [a.const for a in over.args if a.kind == "const" and type(a.const) is int]
        return len(range(*numbers)) if len(numbers) == len(over.args) and numbers[2:] != [0] else None
    if over is None or any(isinstance(n, ast.Break) for n in syntax.walk(loop.node)):
        return None
    if over.name == "split" and over.kind == "iter" and len(over.args) == 2 and not over.kwargs:
        rows, size = over.args[0].shape, over.args[1].const
        known = rows and type(rows[0]) is int and over.args[0].kind == "tensor" and type(size) is int and size > 0
        return -(-rows[0] // size) if known and rows and rows[0] else None
    if over.kind == "tensor" and over.name in ("view", "reshape") and over.shape and not over.kwargs:
        return over.shape[0]
    return None


def is_loader_loop(loop: LoopRun | None) -> bool:
    """Whether a loop runs over batches: a loader, chunks of a permutation, something named like one."""
    over = base_of_loop(loop)
    if over is None:
        return False
    if over.name == "split" and any(a.kind == "object" and a.name.endswith(("Fold", "Split")) for a in over.inputs()):
        return False  # the folds of a cross-validation
    if over.kind in ("loader", "dataset") or over.name in ("split", "chunks", "generator"):
        return True
    if over.name == "range":
        return len(over.args) == 3
    found = set(words(over.var or over.name))
    if "iter" in found and found & {"train", "training", "val", "valid", "dev", "test", "data", "batch"}:
        return True  # train_iter, dev_iter
    return bool(found & {"loader", "dataloader", "dl", "batches", "iterator", "dataset", "trainloader", "testloader"})


_TRIALS = frozenset(
    [
        "fold",
        "rnd",
        "round",
        "client",
        "generation",
        "cycle",
        "trial",
        "seed",
        "seeds",
        "run",
        "restart",
        "lr",
        "config",
        "cfg",
        "rep",
        "repeat",
        "k",
        "member",
        "ensemble",
        "hparams",
        "params",
        "task",
        "candidate",
        "rate",
        "width",
        "depth",
        "hidden",
        "optimizer",
        "opt",
        "name",
        "model",
        "setting",
        "stage",
        "phase",
        "bs",
        "batch_size",
        "wd",
        "dropout",
        "experiment",
        "exp",
    ]
)


def repeats(loop: LoopRun) -> bool:
    """Whether a loop repeats training (epochs, steps), not trials, folds, seeds or settings."""
    target = getattr(loop.node, "target", None)
    names = {n.id for n in syntax.walk(target) if isinstance(n, ast.Name)} if target is not None else set()
    found = {w for n in names for w in (*words(n), n)}
    if found & {"epoch", "ep", "step", "it", "iteration", "epochs", "batch"}:
        return True
    if found & _TRIALS:
        return False
    counted = _range_words(loop.node)
    if counted & _TRIALS and not counted & {"epoch", "step", "iteration", "batch"}:
        return False
    over = loop.over
    if over is None:
        return True
    base = over.args[0] if over.name in ("enumerate", "tqdm", "list") and over.args else over
    if base.name == "split" and any(a.kind == "object" and a.name.endswith(("Fold", "Split")) for a in base.inputs()):
        return False
    return not (over.kind in ("list", "tuple", "dict") or over.name in ("product", "items", "split_folds"))


def of_trials(loop: LoopRun) -> bool:
    """Whether a loop runs over what is named tasks, folds, clients, seeds or the like."""
    over = base_of_loop(loop)
    return over is not None and bool({w.removesuffix("s") for w in words(over.var)} & _TRIALS)


def _range_words(node: ast.AST) -> set[str]:
    """The words for what ``range(...)`` counts, each in the singular."""
    over = getattr(node, "iter", None)
    if not isinstance(over, ast.Call) or getattr(over.func, "id", "") not in ("range", "trange"):
        return set()
    names = [
        n.id if isinstance(n, ast.Name) else n.attr
        for a in over.args
        for n in syntax.walk(a)
        if isinstance(n, (ast.Name, ast.Attribute))
    ]
    return {w.removesuffix("s") for n in names for w in words(n) if len(w) > 1}


def is_loader_loop_event(event: Event) -> bool:
    """Whether a loop event starts a loop over batches."""
    return is_loader_loop(LoopRun(event.node, event.src, event.recv))


def loop_of(p: Program, val: Val) -> LoopRun | None:
    """The innermost loop in which a value was made."""
    if "made_in" not in p.cache:
        table: dict[int, LoopRun | None] = {}
        for event in p.events:
            if event.result is not None:
                table.setdefault(id(event.result), event.loop)
        p.cache["made_in"] = table
    found: LoopRun | None = p.cache["made_in"].get(id(val))
    return found


def begin(p: Program, event: Event) -> int:
    """The moment at which the round began in which something happens, of the innermost loop that is not in its first.

    0 where every loop around it is in its first round.
    """
    for at in range(len(event.loops) - 1, -1, -1):
        loop, turn = event.loops[at], event.rounds[at]
        if turn:
            before = (e for e in p.events if at < len(e.loops) and e.loops[at] is loop and e.rounds[at] < turn)
            return max((e.clock for e in before), default=0)
    return 0


def is_accumulation(loop: LoopRun) -> bool:
    """Whether a loop runs over the micro-batches of one step, as its bound says."""
    node = loop.node
    if not isinstance(node, ast.For):
        return False
    found = {
        w for n in syntax.walk(node.iter) if isinstance(n, (ast.Name, ast.Attribute)) for w in words(syntax.text(n))
    }
    keys = [n.slice for n in syntax.walk(node.iter) if isinstance(n, ast.Subscript)]  # cfg["micro"]
    found |= {w for k in keys if isinstance(k, ast.Constant) and isinstance(k.value, str) for w in words(k.value)}
    return bool(found & {"accum", "accumulation", "accumulate", "micro"})


_CUTS = frozenset(["chunk", "chunks", "split", "tensor_split", "array_split", "np_array_split"])
_DRAWN = frozenset(["randint", "np_randint", "integers", "choice", "np_choice", "multinomial"])


def in_one_batch(loop: LoopRun, of_rows: bool = True) -> bool:
    """Whether a loop runs over the pieces of one batch: chunks (``of_rows``: of its samples), or places in it."""
    over = base_of_loop(loop)
    if over is None or not over.args or loop.outer is None:
        return False
    if over.name == "range" and len(over.args) == 3:
        size = over.args[1]
        return size.name in ("len", "size", "shape", "part") and bool(size.args) and _is_batch(size.args[0])
    dim = over.arg(2, "dim") or over.kwargs.get("axis")
    if of_rows and dim is not None and dim.const != 0:
        return False
    return over.name in _CUTS and over.kind in ("iter", "tensor") and _is_batch(over.args[0])


def _is_batch(val: Val) -> bool:
    """Whether the rows of a value were picked for one step: by a loader, by a piece of an order, or drawn."""
    while val.kind == "unknown" and val.name in ("shape", "part") and val.args:
        val = val.args[0]
    for one in q.chain(val)[:12]:
        if one.name in ("batch", *_DRAWN) or (one.name == "element" and _is_next(one.node)):
            return True
        key = one.args[1] if one.name == "getitem" and len(one.args) > 1 else one
        if key.kind == "slice":
            key = key.args[0]
        if key.name in ("index", "element", "int") and key.args and key.args[0].kind == "iter":
            cut = key.args[0]
            return cut.name in _CUTS or (cut.name == "range" and len(cut.args) == 3)
        if key is not one and key.name in _DRAWN:
            return True
    return False


def _is_next(node: ast.AST | None) -> bool:
    """Whether a place takes the next batch: ``next(batches)``."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "next"


def over_folds(loop: LoopRun) -> bool:
    """Whether a loop runs over what a cross-validation gives; walking forward in time is another thing."""
    over = base_of_loop(loop)
    makers = [a for a in over.inputs() if a.kind == "object"] if over is not None and over.name == "split" else []
    return any(m.name.endswith(("KFold", "ShuffleSplit", "Out")) and m.number(0, "n_splits") != 1 for m in makers)


def counted(p: Program, val: Val) -> bool:
    """Whether a number is worked out from something that is counted up, which is known only as it is at first."""
    if val.node is None or isinstance(val.node, ast.Constant):
        return False
    parts = {syntax.text(n) for n in syntax.walk(val.node) if isinstance(n, (ast.Name, ast.Attribute))}
    return any(syntax.text(n.target) in parts for n in q.nodes(p, ast.AugAssign))
