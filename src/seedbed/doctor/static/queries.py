"""Questions that many rules ask of a program."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from seedbed.doctor.static.methods import submodules
from seedbed.doctor.static.naming import split_of, words
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import CUTTING, Val, ancestors, origins

MODAL = ("Dropout", "BatchNorm", "InstanceNorm", "AlphaDropout", "SyncBatchNorm")
WEIGHTED = ("Linear", "Conv", "LSTM", "GRU", "RNN", "Embedding", "Bilinear", "Transformer", "MultiheadAttention")
LOGIT_OPS = frozenset("Linear Conv1d Conv2d Conv3d LazyLinear matmul linear Bilinear addmm".split())
PROBABILITY = frozenset("softmax sigmoid softmin hardsigmoid".split())


def same(a: Val | None, b: Val | None) -> bool:
    """Whether two values can be the same object."""
    if a is None or b is None:
        return False
    left = {id(v) for v in a.options()}
    return any(id(v) in left for v in b.options())


def modules_of(val: Val | None) -> list[Val]:
    """The modules that a value (parameters, a list of groups, a state) comes from."""
    if val is None:
        return []
    found: dict[int, Val] = {}
    stack, seen = [val], set()
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind == "module":
            found[id(one)] = one
            continue
        stack.extend(one.inputs())
        if one.kind in ("dict", "group"):
            stack.extend(one.attrs.values())
    return list(found.values())


def held(optimizer: Val) -> list[Val]:
    """Every module whose parameters an optimizer holds, with everything in them."""
    source = optimizer.args[0] if optimizer.args else optimizer.kwargs.get("params")
    extra = list(optimizer.args[1:])
    found: dict[int, Val] = {}
    for part in [source, *extra]:
        for module in modules_of(part):
            for sub in submodules(module):
                found[id(sub)] = sub
    return list(found.values())


def contains(outer: Val, inner: Val) -> bool:
    """Whether ``inner`` is a part of the module ``outer`` (or the module itself)."""
    return any(s is inner for s in submodules(outer))


def related(a: Val, b: Val) -> bool:
    """Whether one module is a part of the other."""
    return contains(a, b) or contains(b, a)


def contents(module: Val) -> set[str]:
    """Class names of everything in a module."""
    return {s.name for s in submodules(module)}


def is_modal(module: Val) -> bool | None:
    """Whether train/eval matters for a module: ``None`` when its contents are not known."""
    subs = submodules(module)
    if not subs:
        return None
    names = {s.name for s in subs}
    if any(n.startswith(MODAL) for n in names):
        return True
    for s in subs:
        if s.name in ("LSTM", "GRU", "RNN") and s.kwargs.get("dropout") is not None:
            return True
        if s.name.startswith(("Transformer", "MultiheadAttention")):
            drop = s.kwargs.get("dropout")
            if s.name.startswith("TransformerEncoderLayer") or s.name == "Transformer" or s.name.endswith("DecoderLayer"):
                return not (drop is not None and drop.const == 0)
            if drop is not None and drop.const != 0:
                return True
        if "external" in s.tags:
            return True
    if any(s.owner is not None and _uses_training(s) for s in subs):
        return True
    opaque = any(s.owner is not None and s.owner.bases and s.owner.lib_bases() == [] for s in subs)
    if module.name == "Sequential" and module.items is None:
        return None
    unknown_parts = any(a.kind == "unknown" for s in subs for a in s.attrs.values())
    return None if opaque or unknown_parts else False


def _uses_training(module: Val) -> bool:
    node = getattr(module.owner, "node", None)
    if node is None:
        return False
    for n in ast.walk(node):
        if isinstance(n, ast.Attribute) and n.attr == "training":
            return True
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr.startswith("dropout"):
            return True
    return False


def forwards(p: Program) -> Iterator[Event]:
    """Calls of whole models, not the calls of their parts inside ``forward``."""
    for event in p.all("forward"):
        if event.depth == 0:
            yield event


def trained_modules(p: Program) -> list[Val]:
    """Modules whose outputs some backward() reaches."""
    if "modules" not in p.cache:
        found: dict[int, Val] = {}
        for event in forwards(p):
            if event.recv is not None and event.grad and trained_output(p, event.result):
                for one in event.recv.options():
                    found[id(one)] = one
        p.cache["modules"] = list(found.values())
    modules: list[Val] = p.cache["modules"]
    return modules


def trained_output(p: Program, val: Val | None) -> bool:
    """Whether backward() reaches a value or a part of it."""
    if val is None:
        return False
    if p.trained(val):
        return True
    parts = [*(val.items or []), *(val.attrs.values() if val.kind in ("dict", "instance") else [])]
    return any(trained_output(p, part) for part in parts if part is not val)


def learns(p: Program, module: Val | None) -> bool:
    """Whether this module (or one that holds it, or a part of it) is trained in the program."""
    if module is None:
        return False
    names = {id(o) for o in module.options()}
    for other in trained_modules(p):
        if id(other) in names:
            return True
        if other.kind == "module" and any(o.kind == "module" and related(other, o) for o in module.options()):
            return True
    return False


def train_loops(p: Program) -> list[LoopRun]:
    """The innermost loop around each backward(), each loop statement once."""
    found: dict[int, LoopRun] = {}
    for event in p.all("backward"):
        if event.loop is not None:
            found.setdefault(id(event.loop.node), event.loop)
    return list(found.values())


def in_round(p: Program, loop: LoopRun, *kinds: str) -> list[Event]:
    """Events in the first round of one loop run, in order (its inner loops too)."""
    found = []
    for event in p.all(*kinds):
        if loop in event.loops and event.rounds[event.loops.index(loop)] == 0:
            found.append(event)
    return found


def gradient_path(root: Val) -> set[int]:
    """Ids of the values that get a gradient from ``root``."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        val = stack.pop()
        if id(val) in seen:
            continue
        seen.add(id(val))
        if val.kind == "tensor" and val.name in CUTTING:
            continue
        if val.kind not in ("module", "func", "class", "lib", "loader"):
            stack.extend(val.inputs())
    return seen


def cut_points(root: Val) -> list[Val]:
    """Operations under ``root`` at which a gradient that could flow further stops."""
    found = []
    for val in ancestors(root):
        if val.kind in ("tensor", "number") and (val.name in CUTTING or val.name.endswith("_builtin")):
            if any(a.grad for a in val.args):
                found.append(val)
        elif val.kind == "tensor" and val.name in ("tensor", "as_tensor") and any(a.grad for a in _flat(val.args)):
            found.append(val)
    return found


def _flat(vals: Iterable[Val]) -> Iterator[Val]:
    for val in vals:
        yield val
        if val.items:
            yield from _flat(val.items)


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
    while over is not None and over.kind == "iter" and over.args:
        over = over.args[0]
    return split_of_val(over) if over is not None else ""


def base_of_loop(loop: LoopRun | None) -> Val | None:
    """What a loop really runs over: ``enumerate``, ``tqdm`` and ``zip`` are seen through."""
    over = loop.over if loop is not None else None
    while over is not None and over.kind == "iter" and over.args and over.name != "range":
        over = over.args[0]
    return over


def is_loader_loop(loop: LoopRun | None) -> bool:
    """Whether a loop runs over batches: a loader, chunks of a permutation, something named like one."""
    over = base_of_loop(loop)
    if over is None:
        return False
    if over.kind in ("loader", "dataset") or over.name in ("split", "chunks"):
        return True
    found = set(words(over.var or over.name))
    return bool(found & {"loader", "dataloader", "dl", "batches", "iterator", "dataset", "trainloader", "testloader"})


def unlike(names: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether no word of ``names`` is among ``wanted``."""
    return not (set(names) & set(wanted))


def loss_origins(val: Val | None) -> list[Val]:
    """What a loss really gets: the operation that made its input."""
    return origins(val) if val is not None else []


def same_branch(a: Event, b: Event) -> bool:
    """Whether two events are not in different arms of one branch."""
    arms = {id(c[0]): c[1] for c in a.conds}
    return all(arms.get(id(c[0]), c[1]) == c[1] for c in b.conds)


def place(val: Val) -> tuple[str, int, str]:
    """A related line for a finding."""
    return (str(val.src.path) if val.src is not None else "", val.line, val.var or val.name)


def is_counter(val: Val) -> bool:
    """Whether a value is the running number of a loop."""
    return any("counter" in o.tags or o.name == "int" for o in val.options())


def nodes(p: Program, *types: type) -> Iterator[ast.AST]:
    """Syntax nodes of the program's own file."""
    key = f"nodes:{id(p.source)}"
    if key not in p.cache:
        p.cache[key] = list(ast.walk(p.source.tree))
    for node in p.cache[key]:
        if isinstance(node, types):
            yield node
