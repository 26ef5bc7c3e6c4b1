"""Questions about training and measuring: which outputs are trained, where gradients flow."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Severity
from seedbed.doctor.static import formulas, measures
from seedbed.doctor.static.methods import submodules
from seedbed.doctor.static.ownership import frozen, held, optimizers, related
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.queries import doubtful, flat, users
from seedbed.doctor.static.values import CUTTING, Val, ancestors, origins

LOGIT_OPS = frozenset(["Linear", "Conv1d", "Conv2d", "Conv3d", "LazyLinear", "matmul", "linear", "Bilinear", "addmm"])


PROBABILITY = frozenset(["softmax", "sigmoid", "softmin", "hardsigmoid"])


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


def updates(p: Program, val: Val | None) -> bool:
    """Whether backward() reaches a value and fills ``.grad``: the gradient of an attack on the inputs does not.

    Where nothing but ``torch.autograd.grad`` is called, the weights may be updated with its result.
    """
    if not trained_output(p, val):
        return False
    if "updates" not in p.cache:
        table = p.backward_sources()
        plain = [table[e.seq] for e in p.all("backward") if e.name != "grad" and e.seq in table]
        p.cache["updates"] = set().union(*plain) if plain else None
    known: set[int] | None = p.cache["updates"]
    parts = [val, *((val.items or ()) if val is not None else ())]
    return known is None or any(id(v) in known for v in parts)


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


def unmoved(p: Program, modules: list[Val]) -> bool:
    """Whether nothing in a program that is read whole changes these weights: no optimizer holds them, no hand does.

    ``False`` where that is not known.
    """
    known = optimizers(p)
    if not p.complete or not p.trains or p.all("manual") or any(not tops for _, _, tops in known):
        return False
    if not known:
        return not p.all("step", "scaler_step") and not p.calls("step", "fit", "minimize", "apply_gradients")
    moved = [s for _, made, _ in known for s in held(made)]
    places, ids = {id(s.node) for s in moved if s.node is not None}, {id(s) for s in moved}
    parts = [s for m in modules for s in submodules(m)]
    return bool(parts) and not any(id(s) in ids or id(s.node) in places for s in parts)


def shown(p: Program, modules: list[Val]) -> Severity | None:
    """A hint for what is only suspect where these weights are not trained: made to show something, or updated once."""
    if doubtful(p) is not None or unmoved(p, modules):
        return Severity.HINT
    steps = p.all("step", "scaler_step", "manual")
    own = [s for s in steps if s.recv is None or any(_moves(o, modules) for o in s.recv.options())]
    return None if any(s.loops for s in own) else Severity.HINT


def _moves(optimizer: Val, modules: list[Val]) -> bool:
    """Whether a step of this optimizer may change the weights of one of the modules."""
    inside = held(optimizer) if optimizer.kind == "optimizer" else []
    return not inside or any(related(h, m) for h in inside for m in modules)


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


def _cuts(val: Val) -> bool:
    """Whether no gradient goes from a value to what it was made from."""
    ends = val.name in CUTTING or val.name.endswith("_builtin")
    return ends and val.kind in ("tensor", "number") and "written" not in val.tags


def gradient_path(root: Val) -> set[int]:
    """Ids of the values that get a gradient from ``root``."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        val = stack.pop()
        if id(val) in seen:
            continue
        seen.add(id(val))
        if _cuts(val):
            continue
        if val.kind == "tensor" and val.name == "tensor":
            continue  # torch.tensor() copies numbers
        if val.name == "comprehension" and val.items:
            stack.extend(val.items)  # its sources only through what is made of them
        elif val.kind not in ("module", "func", "class", "lib", "loader"):
            stack.extend(val.inputs())
    return seen


_SIZES = frozenset(("size", "shape", "len", "numel", "dim"))  # they read no number that a gradient could reach


def cut_points(root: Val) -> list[Val]:
    """Operations under ``root`` at which a gradient that could flow further stops."""
    found = []
    for val in ancestors(root):
        if _cuts(val):
            if val.name not in _SIZES and any(a.grad for a in val.args):
                found.append(val)
        elif val.kind == "tensor" and val.name in ("tensor", "as_tensor") and any(a.grad for a in flat(val.args)):
            found.append(val)
    return found


def loss_origins(val: Val | None) -> list[Val]:
    """What a loss really gets: the operation that made its input."""
    return origins(val) if val is not None else []


def sure_origins(val: Val | None) -> list[Val]:
    """The same where every way to the value ends in an activation; nothing where one of them is a raw output.

    A branch, a choice between an activation and ``nn.Identity()``, a loop that leaves the last layer without one:
    which way is taken is not known, so nothing is certain about the range of the value.
    """
    found = loss_origins(val)
    return [] if any(o.name in LOGIT_OPS or "opaque" in o.tags for o in found) else found


def squash(made: Val) -> str:
    """``softmax``, ``sigmoid`` or their like when an operation is one of them, also when it is written out."""
    if made.kind != "tensor":
        return ""
    if made.name in PROBABILITY:
        return made.name
    if made.name not in ("div", "true_divide", "reciprocal") or not made.args:
        return ""
    below = made.args[-1]
    if below.name == "add" and (made.name == "reciprocal" or made.args[0].const in (1, 1.0)):
        one, grown = below.args if below.args[0].kind == "const" else below.args[::-1]
        if one.const in (1, 1.0) and grown.name == "exp" and grown.args and grown.args[0].name == "neg":
            return "sigmoid"
    above = origins(made.args[0])
    if below.name == "sum" and below.args and len(above) == 1 and above[0].name == "exp":
        return "softmax" if any(o is above[0] for o in origins(below.args[0])) else ""
    return ""


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


def softmaxes(p: Program) -> list[tuple[Val, Val]]:
    """Every softmax: its result and what goes in."""
    if "softmaxes" not in p.cache:
        found, seen = [], set()
        for event in p.all("call", "forward") if p.made("softmax") else ():
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
        restored = {id(o) for e in p.all("restore") if e.recv is not None for o in e.recv.options()}
        for event in forwards(p):
            if event.recv is None or trained_output(p, event.result):
                continue
            if not learns(p, event.recv) and (event.grad or id(event.recv) not in restored):
                continue
            if event.result is not None and any(u.name == "detach" for u in users(p, event.result)) and event.grad:
                continue
            found.append(event)
        p.cache["evaluations"] = found if p.trains else []
    table: list[Event] = p.cache["evaluations"]
    return table


_SCORES = (measures.LABELLED | measures.RANKING) - {"hamming_loss", "zero_one_loss"}


def meaning(score: Val) -> str:
    """What a score is made of: ``loss``, ``acc`` (hits are counted), or ``""`` where that is not clear.

    What is turned round on the way (``-acc``, ``1 - acc``, ``1 / loss``) or made of a model's output by hand is
    not clear.
    """
    found: set[str] = set()
    stack, seen = [score], set[int]()
    while stack and len(seen) < 800:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind == "tensor" and one.name == "loss":
            found.add("loss")
        elif one.name == "eq" or (one.name == "compare" and "Eq" in one.tags) or one.name in _SCORES:
            found.add("acc")
        elif one.name in ("pow", "square") and _is_error(one):
            found.add("loss")
        elif one.name in ("neg", "forward", "ne", "reciprocal", "exp", "log", "log10") or _turned(one):
            return ""
        elif one.name in ("compare", "len", "size", "shape", "numel"):
            continue
        elif one.name == "div" and one.args:
            stack.append(one.args[0])
        elif one.kind not in ("module", "func", "class", "lib", "loader", "dataset") and one.name != "len":
            stack.extend(one.inputs())
    return found.pop() if len(found) == 1 else ""


def _is_error(power: Val) -> bool:
    """Whether a square is that of a prediction minus something that is none."""
    diff = formulas.core(power.args[0]) if power.args else power
    sides = [formulas.from_model(a) for a in diff.args[:2]] if diff.name == "sub" else []
    return sides.count(True) == 1


def _turned(val: Val) -> bool:
    """Whether a number is taken away from something fixed, or divides it, or its sign is turned by a factor."""
    if val.name in ("sub", "div", "rsub") and val.args and val.args[0].kind == "const":
        return True
    if val.name not in ("mul", "div") or len(val.args) != 2:
        return False
    factors = [o for a in val.args for o in a.options()]
    return any(f.name == "neg" or (isinstance(f.const, int | float) and f.const < 0) for f in factors)


def moves(p: Program, val: Val) -> bool:
    """Whether a gradient that arrives at ``val`` changes weights: some module on its way is neither frozen nor idle."""
    off = frozen(p)
    owners = [m for _, made, _ in optimizers(p) for m in held(made)]
    known = {id(m) for m in owners} if owners else None
    on_way = gradient_path_cached(p, val)
    for one in ancestors(val):
        if id(one) not in on_way or one.kind != "tensor":
            continue
        module = one.owner
        if getattr(module, "kind", "") == "module":
            if id(module) in off or (known is not None and not known & {id(m) for m in submodules(module)}):
                continue
            return True
        if module is not None or one.name == "Parameter" or (one.name == "forward" and not one.args):
            return True
    return False
