"""Questions that many rules ask of a program."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from seedbed.doctor.static.methods import submodules as submodules
from seedbed.doctor.static.naming import split_of, words
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import CUTTING, TRANSPARENT, Val, ancestors, origins

MODAL = ("Dropout", "BatchNorm", "InstanceNorm", "AlphaDropout", "SyncBatchNorm")
WEIGHTED = (
    "Linear",
    "Conv",
    "LSTM",
    "GRU",
    "RNN",
    "Embedding",
    "Bilinear",
    "Transformer",
    "MultiheadAttention",
)
LOGIT_OPS = frozenset(["Linear", "Conv1d", "Conv2d", "Conv3d", "LazyLinear", "matmul", "linear", "Bilinear", "addmm"])
PROBABILITY = frozenset(["softmax", "sigmoid", "softmin", "hardsigmoid"])


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
    stack: list[Val] = [val]
    seen: set[int] = set()
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
            if (
                s.name.startswith("TransformerEncoderLayer")
                or s.name == "Transformer"
                or s.name.endswith("DecoderLayer")
            ):
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
        if val.kind in ("tensor", "number") and (val.name in CUTTING or val.name.endswith("_builtin")):
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
    while over is not None and over.kind == "iter" and over.args and over.name in _WRAPPERS:
        over = over.args[0]
    return split_of_val(over) if over is not None else ""


_WRAPPERS = frozenset(["enumerate", "zip", "iter", "map", "reversed", "tqdm", "list", "sorted", "prefetch", "track"])


def base_of_loop(loop: LoopRun | None) -> Val | None:
    """What a loop really runs over: ``enumerate``, ``tqdm`` and ``zip`` are seen through."""
    over = loop.over if loop is not None else None
    while over is not None and over.kind == "iter" and over.args and over.name in _WRAPPERS:
        over = over.args[0]
    return over


def is_loader_loop(loop: LoopRun | None) -> bool:
    """Whether a loop runs over batches: a loader, chunks of a permutation, something named like one."""
    over = base_of_loop(loop)
    if over is None:
        return False
    if over.kind in ("loader", "dataset") or over.name in ("split", "chunks"):
        return True
    if over.name == "range":
        return len(over.args) == 3
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


def nodes(p: Program, *types: type) -> Iterator[Any]:
    """Syntax nodes of the program's own file."""
    table = p.source.nodes
    if not table:
        for node in ast.walk(p.source.tree):
            table.setdefault(type(node), []).append(node)
    for kind in types:
        yield from table.get(kind, ())


def reaches_val(outer: Val | None, inner: Val) -> bool:
    """Whether ``inner`` is among the things that ``outer`` was made from, also through its items."""
    return outer is not None and any(a is inner for o in outer.options() for a in ancestors(o))


def optimizers(p: Program) -> list[tuple[Event, Val, list[Val]]]:
    """Every optimizer that the program makes: the event, the optimizer, the modules that it holds (top level)."""
    if "optimizers" not in p.cache:
        found, seen = [], set()
        for event in p.all("call", "make"):
            made = event.result
            if made is None or made.kind != "optimizer" or event.recv is not None or id(made) in seen:
                continue
            seen.add(id(made))
            sources = [made.args[0] if made.args else made.kwargs.get("params"), *made.args[1:]]
            found.append((event, made, [m for s in sources for m in modules_of(s)]))
        p.cache["optimizers"] = found
    table: list[tuple[Event, Val, list[Val]]] = p.cache["optimizers"]
    return table


def rates(optimizer: Val) -> list[tuple[object, object]]:
    """Learning rate and weight decay of an optimizer, for every parameter group, ``None`` where unknown."""
    positions = {
        "SGD": (1, 4),
        "Adam": (1, 4),
        "AdamW": (1, 4),
        "RMSprop": (1, 4),
        "NAdam": (1, 4),
        "RAdam": (1, 4),
    }
    at, decay_at = positions.get(optimizer.name, (1, 99))
    rate = optimizer.kwargs.get("lr") or optimizer.arg(at)
    decay = optimizer.kwargs.get("weight_decay") or optimizer.arg(decay_at)
    found: list[tuple[object, object]] = [
        (rate.const if rate is not None else None, decay.const if decay is not None else None)
    ]
    groups = optimizer.args[0] if optimizer.args else None
    if groups is not None and groups.kind == "list" and groups.items:
        for group in groups.items:
            if group.kind == "dict" and ("lr" in group.attrs or "weight_decay" in group.attrs):
                own = group.attrs.get("lr", rate)
                own_decay = group.attrs.get("weight_decay", decay)
                found.append((own.const if own else None, own_decay.const if own_decay else None))
    return found


def frozen(p: Program) -> dict[int, Event]:
    """Ids of modules whose parameters were all switched off for good, with the event that did it."""
    if "frozen" not in p.cache:
        found: dict[int, Event] = {}
        for event in p.all("attribute", "requires_grad_", "requires_grad"):
            if event.recv is None or (not event.args and event.kind == "attribute"):
                continue
            if event.kind == "attribute" and event.name != "requires_grad":
                continue
            flag = event.args[0].const if event.args else True
            if event.recv.kind == "module":
                if event.kind == "attribute":
                    continue
                roots = [event.recv]
            else:
                roots = modules_of(event.recv)
            inner = event.conds_in(event.loops[-1]) if event.loops else []
            for root in roots:
                for sub in submodules(root):
                    if flag is False and not inner:
                        found[id(sub)] = event
                    elif flag is not False:
                        found.pop(id(sub), None)
        p.cache["frozen"] = found
    result: dict[int, Event] = p.cache["frozen"]
    return result


_TRIALS = frozenset(
    [
        "fold",
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
    names = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)} if target is not None else set()
    found = {w for n in names for w in (*words(n), n)}
    if found & {"epoch", "ep", "step", "it", "iteration", "epochs", "batch"}:
        return True
    if found & _TRIALS:
        return False
    over = loop.over
    if over is None:
        return True
    return not (over.kind in ("list", "tuple", "dict") or over.name in ("product", "items", "split_folds"))


def is_loader_loop_event(event: Event) -> bool:
    """Whether a loop event starts a loop over batches."""
    return is_loader_loop(LoopRun(event.node, event.src, event.recv))


def is_rate(event: Event) -> bool:
    """Whether an item assignment sets a learning rate of a parameter group."""
    return bool(event.args) and event.args[0].const == "lr" and event.recv is not None and event.recv.name != "defaults"


def spot(val: Val, event: Event) -> Val | Event:
    """Where an operation is written: the layer's construction, or the call."""
    owner = val.owner
    if owner is not None and getattr(owner, "kind", "") == "module" and owner.line and owner.owner is None:
        found: Val = owner
        return found
    return val if val.line else event


def seen_through(val: Val) -> list[Val]:
    """The transparent operations on top of what really made ``val``."""
    found: list[Val] = []
    current = val
    while current.kind == "tensor" and current.name in TRANSPARENT and current.args and len(found) < 30:
        found.append(current)
        current = current.args[0]
    return found


def site(event: Event, loop: LoopRun | None = None) -> tuple[ast.AST, Source] | Event:
    """The place outside helper functions from which an event was caused (inside ``loop`` if given)."""
    for node, src in event.sites:
        if loop is None or (
            src is loop.src and loop.line <= getattr(node, "lineno", 0) <= (getattr(loop.node, "end_lineno", 0) or 0)
        ):
            return node, src
    return event


def chain(val: Val) -> list[Val]:
    """A value and what it was made from through transparent operations."""
    found: list[Val] = []
    stack = [val]
    while stack and len(found) < 60:
        one = stack.pop()
        found.append(one)
        if one.kind == "phi":
            stack.extend(one.args)
        elif one.kind in ("tensor", "number") and one.args and one.name not in ("compare", "len", "int"):
            stack.append(one.args[0])
    return found


def users(p: Program, val: Val) -> list[Val]:
    """Values made directly from ``val``."""
    if "users" not in p.cache:
        table: dict[int, list[Val]] = {}
        seen: set[int] = set()
        stack = [v for e in p.events for v in (e.result, *e.args) if v is not None]
        while stack:
            part = stack.pop()
            if id(part) in seen:
                continue
            seen.add(id(part))
            if part.kind in ("func", "class", "lib", "module"):
                continue
            for source in part.inputs():
                table.setdefault(id(source), []).append(part)
                stack.append(source)
        p.cache["users"] = table
    found: list[Val] = p.cache["users"].get(id(val), [])
    return found


def gradient_path_cached(p: Program, root: Val) -> set[int]:
    """``gradient_path`` remembered per root."""
    key = f"path:{id(root)}"
    if key not in p.cache:
        p.cache[key] = gradient_path(root)
    found: set[int] = p.cache[key]
    return found


def squared_errors(p: Program) -> Iterator[tuple[Val, Event]]:
    """Hand-written squared or absolute errors that are trained: the difference, and the backward() it reaches."""
    seen: set[int] = set()
    for event in p.all("backward"):
        if event.recv is None:
            continue
        for val in ancestors(event.recv):
            if val.kind == "tensor" and val.name in ("pow", "square", "abs") and val.args:
                inner = val.args[0]
                if (
                    inner.kind == "tensor"
                    and inner.name == "sub"
                    and id(inner.node) not in seen
                    and len(inner.args) > 1
                ):
                    seen.add(id(inner.node))
                    yield inner, event


_SIGNED = frozenset(
    [
        "randn",
        "randn_like",
        "normal",
        "linspace",
        "sin",
        "cos",
        "tanh",
        "sub",
        "neg",
        "matmul",
        "mm",
        "np_randn",
        "np_normal",
        "standard_normal",
    ]
)


def can_be_negative(val: Val) -> bool | None:
    """Whether data can be negative: ``None`` when that is not known."""
    stack: list[Val] = [val]
    seen: set[int] = set()
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind == "phi":
            stack.extend(one.args)
        elif one.name == "linspace":
            low = one.number(0, "start")
            return low < 0 if isinstance(low, (int, float)) else None
        elif one.name in (
            "sin",
            "cos",
            "randn",
            "randn_like",
            "np_randn",
            "np_normal",
            "normal",
            "standard_normal",
            "neg",
            "sub",
        ):
            return True
        elif one.name in (
            "abs",
            "square",
            "exp",
            "relu",
            "softplus",
            "sigmoid",
            "rand",
            "softmax",
            "sqrt",
            "compare",
            "one_hot",
        ):
            return False
        elif one.name == "pow":
            power = one.number(1, "exponent")
            if power == 2:
                return False
            stack.extend(one.args[:1])
        elif one.name in (
            "mul",
            "add",
            "matmul",
            "sum",
            "mean",
            "div",
            "getitem",
            "view",
            "unsqueeze",
            "squeeze",
            "reshape",
            "batch",
            "element",
            "float",
            "prod",
            "stack",
            "cat",
            "tensor",
            "to",
            "from_numpy",
            "astype",
            "forward",
            "train_test_split",
        ):
            stack.extend(a for a in _flat(one.args) if a.kind in ("tensor", "phi", "list"))
    return None


def unbounded(val: Val) -> bool:
    """Whether data can be larger than one."""
    return any(
        v.name in ("randn", "np_randn", "normal", "np_normal", "matmul", "sum")
        or (v.name == "mul" and any(isinstance(a.const, (int, float)) and abs(a.const) > 1 for a in v.args))
        for v in ancestors(val)
    )


def softmaxes(p: Program) -> list[tuple[Val, Val]]:
    """Every softmax: its result and what goes in."""
    if "softmaxes" not in p.cache:
        found, seen = [], set()
        for event in p.all("call", "forward"):
            made = event.result
            if (
                made is not None
                and made.kind == "tensor"
                and made.name == "softmax"
                and made.args
                and id(made) not in seen
            ):
                seen.add(id(made))
                found.append((made, made.args[0]))
        p.cache["softmaxes"] = found
    table: list[tuple[Val, Val]] = p.cache["softmaxes"]
    return table


def forwards_inside(p: Program, *names: str) -> Iterator[Event]:
    """Calls of library layers of these classes, each source place once."""
    for event in p.once("forward"):
        if event.name in names:
            yield event


_MOVES = frozenset(["view", "reshape", "flatten", "contiguous", "long", "to", "transpose", "t", "permute"])


def token_source(val: Val) -> tuple[Val | None, str]:
    """The tensor that token ids come from, and how they were sliced along the way (``""``: not at all)."""
    current, key = val, ""
    for _ in range(20):
        if current.kind == "phi" or (current.name in _MOVES and current.args):
            current = current.args[0]
        elif (
            current.name in ("stack", "cat")
            and current.args
            and current.args[0].items
            and "each" in current.args[0].tags
        ):
            current = current.args[0].items[0]
        elif current.name == "getitem" and len(current.args) > 1:
            keys = current.args[1].items or [current.args[1]]
            if not any(k.kind == "slice" for k in keys):
                break
            if any(k.kind == "slice" and not (k.args[0].is_none and k.args[1].is_none) for k in keys):
                key += ast.unparse(current.node.slice) + ";" if isinstance(current.node, ast.Subscript) else "?"
            current = current.args[0]
        else:
            break
    return (current if current.kind in ("tensor", "unknown") else None), key


def is_sliced_output(val: Val) -> bool:
    """Whether a slice cuts a model's output along time."""
    return any(v.owner is not None and v.name in ("forward", "Linear") for v in ancestors(val, limit=40))


def next_token(p: Program) -> bool:
    """Whether the program trains on the next token: target and input are one sequence, shifted."""
    if "next_token" not in p.cache:
        found = False
        for event in p.all("loss"):
            if event.name not in ("CrossEntropyLoss", "NLLLoss") or len(event.args) < 2:
                continue
            goal, key = token_source(event.args[1])
            if goal is None or not key:
                continue
            for val in ancestors(event.args[0], limit=3000):
                if val.name == "Embedding" and val.args:
                    source, own = token_source(val.args[0])
                    found = found or (source is goal and own != key)
        p.cache["next_token"] = found
    return bool(p.cache["next_token"])


def leading_axis(val: Val) -> str:
    """``batch`` when a sequence tensor certainly has its batch in front, else ``""``."""
    current = val
    for _ in range(30):
        if current.kind == "phi":
            current = current.args[0]
        elif current.kind != "tensor":
            return ""
        elif current.name == "batch":
            return "batch" if current.shape is not None and len(current.shape) >= 2 else ""
        elif current.name in ("getitem",):
            key = current.args[1] if len(current.args) > 1 else None
            if (
                key is not None
                and current.args[0].shape is not None
                and len(current.args[0].shape) >= 2
                and (key.shape is not None or key.kind == "slice")
            ):
                return "batch"
            return ""
        elif current.name in ("unsqueeze", "unsqueeze_"):
            dim = current.number(1, "dim")
            if dim in (-1, 2):
                current = current.args[0]
            else:
                return ""
        elif (
            current.name
            in (
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
            )
            and current.args
        ):
            current = next((a for a in current.args if a.kind in ("tensor", "phi")), current.args[0])
        else:
            return ""
    return ""


def signed_terms(root: Val) -> list[tuple[int, Val]]:
    """The terms of a loss with their signs: sums, means and factors are seen through."""
    found: list[tuple[int, Val]] = []
    stack: list[tuple[int, Val]] = [(1, root)]
    seen: set[tuple[int, int]] = set()
    while stack and len(seen) < 200:
        sign, val = stack.pop()
        if (sign, id(val)) in seen:
            continue
        seen.add((sign, id(val)))
        if val.kind == "phi":
            stack.extend((sign, a) for a in val.args)
        elif val.name == "neg":
            stack.append((-sign, val.args[0]))
        elif val.name == "add":
            stack.extend((sign, a) for a in val.args if a.grad)
        elif val.name == "sub" and len(val.args) == 2:
            stack.extend((s, a) for s, a in ((sign, val.args[0]), (-sign, val.args[1])) if a.grad)
        elif val.name in (
            "mean",
            "sum",
            "scaled",
            "div",
            "squeeze",
            "view",
            "gather",
            "getitem",
            "logsumexp_",
            "clamp",
        ):
            if val.args:
                stack.append((sign, val.args[0]))
        elif val.name == "mul" and len(val.args) == 2:
            factor = 1
            inner = [a for a in val.args if a.grad]
            for a in val.args:
                if (a.kind == "const" and isinstance(a.const, (int, float)) and a.const < 0) or (
                    not a.grad and a.name == "neg"
                ):
                    factor = -factor
            if len(inner) == 1:
                stack.append((sign * factor, inner[0]))
            else:
                found.append((sign * factor, val))
        else:
            found.append((sign, val))
    return found


def evaluations(p: Program) -> list[Event]:
    """Calls of a trained model whose outputs no backward() reaches: measuring, not learning."""
    if "evaluations" not in p.cache:
        found = []
        for event in forwards(p):
            if event.recv is None or trained_output(p, event.result) or not learns(p, event.recv):
                continue
            if event.result is not None and any(u.name == "detach" for u in users(p, event.result)) and event.grad:
                continue
            found.append(event)
        p.cache["evaluations"] = found if p.trains else []
    table: list[Event] = p.cache["evaluations"]
    return table


def is_running(val: Val) -> bool:
    """Whether a value is a sum that goes on (``total += …``)."""
    return val.name in ("add", "Add", "phi", "part") and val.kind != "const"


def running_means(p: Program) -> list[tuple[str, Event, LoopRun, str]]:
    """Running sums in batch loops: ``count`` (of right answers) or ``mean`` (of batch means), where, and the name."""
    if "running" in p.cache:
        cached: list[tuple[str, Event, LoopRun, str]] = p.cache["running"]
        return cached
    found = []
    for event in p.once("augment"):
        if event.name != "Add" or not event.loops or not event.args or not isinstance(event.node, ast.AugAssign):
            continue
        loop = event.loops[-1]
        if not is_loader_loop(loop):
            continue
        kind = _running_kind(event.args[0])
        if kind:
            found.append((kind, event, loop, ast.unparse(event.node.target)))
    p.cache["running"] = found
    return found


def _running_kind(val: Val) -> str:
    """``count`` for a number of right answers, ``mean`` for the mean of a batch."""
    current = val
    for _ in range(12):
        if current.kind == "phi" or (
            current.name in ("item", "float", "float_builtin", "int_builtin", "detach", "cpu", "data", "numpy", "to")
            and current.args
        ):
            current = current.args[0]
        elif current.name == "sum" and current.args:
            return "count" if any(v.name in ("compare", "eq") for v in chain(current.args[0])[:4]) else ""
        elif current.name == "mean" and current.args:
            return "mean"
        elif current.name == "loss":
            known = any(t.endswith("Loss") for t in current.tags)
            summed = any(t.startswith("reduction=") and t != "reduction=mean" for t in current.tags)
            return "mean" if known and not summed else ""
        else:
            return ""
    return ""


def divisions(p: Program, event: Event, name: str) -> list[tuple[ast.AST, Source, str]]:
    """Divisions of a running sum after its loop: the node and what it is divided by (batches, samples, running)."""
    found: list[tuple[ast.AST, Source, str]] = []
    for node in ast.walk(event.src.tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            left, right = node.left, node.right
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div):
            left, right = node.target, node.value
        else:
            continue
        if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult):
            left = left.left if not isinstance(left.left, ast.Constant) else left.right
        if ast.unparse(left) != name:
            continue
        if event.funcs and not (event.funcs[-1].node.lineno <= node.lineno <= (event.funcs[-1].node.end_lineno or 0)):
            continue
        if node.lineno < event.line:
            continue
        found.append((node, event.src, _divisor(p, right)))
    return found


def _divisor(p: Program, node: ast.expr) -> str:
    text = ast.unparse(node)
    if isinstance(node, ast.Call) and text.startswith("len("):
        inner = text[4:-1]
        found = set(words(inner.replace(".", "_").replace("[", "_")))
        if inner.endswith(".dataset"):
            return "samples"
        if found & {"loader", "dl", "dataloader", "batches"}:
            return "batches"
        if found & {
            "dataset",
            "set",
            "ds",
            "data",
            "trainset",
            "testset",
            "valset",
        }:
            return "samples"
        loaders = [v for n, v, _ in p.assigns if n == inner]
        if any(v.kind == "loader" for v in loaders) or found & {"loader", "dl", "dataloader", "batches"}:
            return "batches"
        if any(v.kind in ("dataset", "tensor") for v in loaders):
            return "samples"
        return ""
    if isinstance(node, (ast.Name, ast.Attribute)):
        found = set(words(text.replace(".", "_")))
        named = [v for n, v, _ in p.assigns if n == text]
        if any(v.name == "len" and v.args and v.args[0].kind == "loader" for v in named):
            return "batches"
        if any(v.name == "len" and v.args and v.args[0].kind in ("dataset",) for v in named):
            return "samples"
        return "running" if found else ""
    return ""


def divided_by_batches(p: Program, event: Event, over: Val | None) -> bool:
    """Whether a running sum is divided by the number of batches."""
    if not isinstance(event.node, ast.AugAssign):
        return False
    target = ast.unparse(event.node.target)
    kinds = [what for _, _, what in divisions(p, event, target)]
    if "batches" in kinds:
        return True
    if "running" in kinds:  # a counter that goes up by one per batch
        loop = event.loops[-1]
        ones = [e for e in p.all("augment") if e.loops and e.loops[-1] is loop and e.args and e.args[0].const == 1]
        return bool(ones)
    return False


def last_batch(loader: Val | None) -> int | None:
    """How many samples the last batch has more than full batches: 0 when it is full, ``None`` when unknown."""
    if loader is None or loader.kind != "loader" or not loader.args:
        return None
    size = loader.number(1, "batch_size")
    drop = loader.kwargs.get("drop_last")
    count = dataset_size(loader.args[0])
    if not isinstance(size, int) or count is None or size <= 0 or (drop is not None and drop.const is True):
        return None
    return count % size if count > size else 0


def dataset_size(data: Val) -> int | None:
    """The number of samples, when it is known."""
    for one in data.options():
        if one.name == "TensorDataset" and one.args and one.args[0].shape:
            return one.args[0].shape[0]
    return None


def measured_values(val: Val | None) -> Iterator[Val]:
    """Accuracies and losses of one batch that went into a printed or returned value."""
    if val is None:
        return
    stack: list[Val] = [val]
    seen: set[int] = set()
    while stack and len(seen) < 80:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if (
            one.name in ("mean", "sum")
            and one.kind == "tensor"
            and one.args
            and any(v.name in ("compare", "eq") for v in chain(one.args[0])[:4])
        ):
            yield one
            continue
        if one.kind == "tensor" and one.name == "loss" and not one.grad:
            yield one
            continue
        if one.name in ("add", "Add") or one.kind in ("list", "dict", "loader", "module"):
            continue
        stack.extend(one.inputs())


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
