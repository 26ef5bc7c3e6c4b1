"""Questions about modules and optimizers: who holds which parameters, what is frozen."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import syntax
from seedbed.doctor.static.layers import ACTIVATIONS
from seedbed.doctor.static.methods import submodules
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

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


_HELD: dict[int, tuple[Val, list[Val]]] = {}
_PARTS: dict[int, tuple[Val, set[int]]] = {}


def forget() -> None:
    """Before the rules look at the next program: what optimizers and modules hold may have changed."""
    _HELD.clear()
    _PARTS.clear()


def held(optimizer: Val) -> list[Val]:
    """Every module whose parameters an optimizer holds, with everything in them."""
    if id(optimizer) not in _HELD:
        _HELD[id(optimizer)] = optimizer, _held(optimizer)
    return list(_HELD[id(optimizer)][1])


def _held(optimizer: Val) -> list[Val]:
    source = optimizer.args[0] if optimizer.args else optimizer.kwargs.get("params")
    extra = list(optimizer.args[1:])
    found: dict[int, Val] = {}
    for part in [source, *extra]:
        for module in modules_of(part):
            for sub in submodules(module):
                found[id(sub)] = sub
    return list(found.values())


def own_parameters(module: Val) -> list[tuple[str, Val]]:
    """Trainable ``nn.Parameter`` objects that a module of the program holds itself, with their names."""
    found: list[tuple[str, Val]] = []
    for name, part in module.attrs.items():
        if part.kind == "module" and part.name in ("ParameterList", "ParameterDict"):
            found += [(name, v) for v in [*(part.items or []), *part.attrs.values()] if v.name == "Parameter"]
        elif part.kind == "tensor" and part.name == "Parameter" and part.grad:
            found.append((name, part))
    return found


def contains(outer: Val, inner: Val) -> bool:
    """Whether ``inner`` is a part of the module ``outer`` (or the module itself)."""
    if id(outer) not in _PARTS:
        _PARTS[id(outer)] = outer, {id(s) for s in submodules(outer)}
    return id(inner) in _PARTS[id(outer)][1]


def stepped_after(p: Program, module: Val, since: int) -> bool:
    """Whether some step after a moment may change the weights of a module; ``True`` where nothing is stepped at all."""
    steps = p.all("step", "scaler_step", "manual")
    later = [s.recv for s in steps if s.seq > since]
    known = [held(v) if v is not None and v.kind == "optimizer" else [] for v in later]
    return not steps or any(not inside or any(related(h, module) for h in inside) for inside in known)


def related(a: Val, b: Val) -> bool:
    """Whether one module is a part of the other."""
    return contains(a, b) or contains(b, a)


def contents(module: Val) -> set[str]:
    """Class names of everything in a module."""
    return {s.name for s in submodules(module)}


def weightless(module: Val) -> bool:
    """Whether a class of the program surely has nothing to learn, as a loss that is written as a module."""
    subs = submodules(module)
    if module.owner is None or not subs or any("external" in s.tags for s in subs):
        return False
    for s in subs:
        if s.owner is not None and (s.owner.lib_bases() == [] or own_parameters(s)):
            return False
        if any(a.kind in ("unknown", "phi") for a in s.attrs.values()):
            return False
        if s.owner is None and not s.name.endswith("Loss") and (s.name == "PReLU" or s.name not in ACTIVATIONS):
            return False
    return True


def is_modal(module: Val) -> bool | None:
    """Whether train/eval matters for a module: ``None`` when its contents are not known."""
    subs = submodules(module)
    if not subs:
        return None
    if any(s.name.startswith(MODAL) and not _always_alike(s) for s in subs):
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
        if "external" in s.tags and not _table(s) and ("layer" not in s.tags or "dropout" in s.kwargs):
            return True  # a whole network from elsewhere; of a single layer its options tell
    if any(s.owner is not None and _uses_training(s) for s in subs):
        return True
    opaque = any(s.owner is not None and s.owner.bases and s.owner.lib_bases() == [] for s in subs)
    if module.name == "Sequential" and module.items is None:
        return None
    unknown_parts = any(a.kind == "unknown" for s in subs for a in s.attrs.values())
    return None if opaque or unknown_parts else False


def _always_alike(layer: Val) -> bool:
    """Whether a layer does the same in both modes: dropout of nothing, a norm that keeps no running statistics."""
    if layer.owner is not None or "**" in layer.kwargs:
        return False
    if "Dropout" in layer.name:
        rate = layer.attrs.get("p") or layer.arg(0, "p")
        return rate is not None and rate.kind == "const" and rate.const == 0
    kept = layer.arg(4, "track_running_stats")
    return layer.name.startswith("InstanceNorm") if kept is None else kept.kind == "const" and not kept.const


def _table(module: Val) -> bool:
    """Whether it is ``nn.Embedding.from_pretrained(...)``, which has nothing that a mode could change."""
    func = module.node.func if isinstance(module.node, ast.Call) else None
    inner = func.value if isinstance(func, ast.Attribute) and func.attr == "from_pretrained" else None
    return inner is not None and syntax.text(inner).rsplit(".", 1)[-1] in ("Embedding", "EmbeddingBag")


def asks_mode(module: Val) -> bool:
    """Whether the modes of a module differ by what its own code asks, and no layer in it has two modes."""
    subs = submodules(module)
    if any(s.name.startswith(MODAL) or "external" in s.tags or s.name in ("LSTM", "GRU", "RNN") for s in subs):
        return False
    return any(isinstance(n, ast.Attribute) and n.attr == "training" for s in subs for n in _reached(s))


def _reached(module: Val) -> Iterator[ast.AST]:
    """The nodes of a module's class, without the methods that its file never calls."""
    node, src = getattr(module.owner, "node", None), getattr(module.owner, "src", None)
    for part in getattr(node, "body", ()):
        asked = src.by_type().get(ast.Attribute, ()) if src is not None else ()
        entered = not isinstance(part, ast.FunctionDef) or part.name in ("forward", "__call__") or src is None
        if entered or any(n.attr == part.name for n in asked):
            yield from syntax.walk(part)


def _uses_training(module: Val) -> bool:
    for n in _reached(module):
        if isinstance(n, ast.Attribute) and n.attr == "training":
            return True
        called = n.func if isinstance(n, ast.Call) else None
        if not isinstance(called, ast.Attribute) or syntax.text(called.value) == "self":
            continue  # a layer of its own speaks for itself, where it was built
        if called.attr.startswith("dropout"):
            return True
    return False


def optimizers(p: Program) -> list[tuple[Event, Val, list[Val]]]:
    """Every optimizer that the program makes: the event, the optimizer, the modules that it holds (top level)."""
    if "optimizers" not in p.cache:
        found, seen = [], set()
        for event in p.all("call", "make") if p.of_kind("optimizer") else ():
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
    found: list[tuple[object, object]] = [(_given(rate), _given(decay))]
    groups = optimizer.args[0] if optimizer.args else None
    if groups is not None and groups.kind == "list" and groups.items:
        for group in groups.items:
            if group.kind == "dict" and ("lr" in group.attrs or "weight_decay" in group.attrs):
                own = group.attrs.get("lr", rate)
                own_decay = group.attrs.get("weight_decay", decay)
                found.append((_given(own), _given(own_decay)))
    return found


def _given(val: Val | None) -> object:
    """The number that a setting is, ``None`` where unknown."""
    return val.const if val is not None else None


COMPUTED = frozenset(("loss", "forward", "mean", "sum", "add", "sub", "mul", "div"))  # a result, not a parameter


def frozen(p: Program) -> dict[int, Event]:
    """Ids of modules whose parameters were all switched off for good, with the event that did it."""
    if "frozen" not in p.cache:
        found: dict[int, Event] = {}
        whole: dict[int, Val] = {}
        for event in p.all("attribute", "requires_grad_", "requires_grad"):
            if event.recv is None or (not event.args and event.kind == "attribute"):
                continue
            if (event.kind == "attribute" and event.name != "requires_grad") or event.recv.name in COMPUTED:
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
                    if event.recv.kind != "module" and sub.seq > event.recv.seq:
                        continue  # a head that is put on afterwards
                    if flag is False and not inner:
                        found[id(sub)], whole[id(sub)] = event, sub
                    elif flag is not False:
                        found.pop(id(sub), None)
                if flag is not False:  # nor is what holds it frozen as a whole any more
                    for outer in [i for i in found if contains(whole[i], root)]:
                        del found[outer]
        p.cache["frozen"] = found
    result: dict[int, Event] = p.cache["frozen"]
    return result
