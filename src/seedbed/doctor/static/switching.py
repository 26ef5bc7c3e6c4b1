"""Questions about modes: which frozen parts are switched back to training mode by train() of a whole model."""

from __future__ import annotations

import ast

from seedbed.doctor.static import methods, ownership, syntax, training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

Back = tuple[Event, Event, Event, Val]  # the eval(), the train(), the forward pass after it, the part


def switched_back(p: Program) -> list[Back]:
    """Parts whose eval() is undone by train() of a model around them before they are used in training."""
    if "switched_back" not in p.cache:
        modes = p.all("mode")
        found: list[Back] = []
        for off in modes if p.trains else ():
            if off.name != "eval" or off.recv is None or off.recv.kind != "module":
                continue
            part = off.recv
            if _as_built(p, off, part):
                continue
            on = next((e for e in modes if e.seq > off.seq and _covers(e, part)), None)
            if on is None or on.name != "train" or on.recv is part or ownership.is_modal(part) is not True:
                continue
            use = next((e for e in p.all("forward") if e.seq > off.seq and _runs(e, part)), None)
            if use is None or use.seq < on.seq or use.mode != "train" or not training.trained_output(p, use.result):
                continue
            if not any(e.name == "eval" and on.seq < e.seq < use.seq and _touches(e, part) for e in modes):
                found.append((off, on, use, part))
        p.cache["switched_back"] = found
    known: list[Back] = p.cache["switched_back"]
    return known


def told_of(p: Program, module: Val) -> bool:
    """Whether the training mode of a module is such a case: it is said once, at the train()."""
    return any(part is module or ownership.contains(part, module) for _, _, _, part in switched_back(p))


def _as_built(p: Program, off: Event, part: Val) -> bool:
    """Whether eval() is how a function hands out what it has built: nothing says that the part should stay so."""
    inner = off.funcs[-1].node if off.funcs else None
    if inner is None or getattr(inner, "name", "") == "__init__":
        return False
    still = ownership.frozen(p).get(id(part))
    if still is not None and still.funcs and still.funcs[-1].node is inner:
        return False
    own = part.src is off.src and inner.lineno <= part.line <= (inner.end_lineno or 0)
    return own and any(isinstance(n, ast.Return) for n in syntax.walk(inner))


def _covers(mode: Event, part: Val) -> bool:
    """Whether a switch of the mode reaches a part."""
    owners = mode.recv.options() if mode.recv is not None else ()
    return any(o is part or ownership.contains(o, part) for o in owners if o.kind == "module")


def _runs(event: Event, part: Val) -> bool:
    """Whether a forward pass uses a part."""
    return event.recv is part or (event.recv is not None and any(s is part for s in methods.submodules(event.recv)))


def _touches(mode: Event, part: Val) -> bool:
    """Whether a switch of the mode reaches a part, or something in it."""
    owners = mode.recv.options() if mode.recv is not None else ()
    return any(ownership.related(o, part) for o in owners if o.kind == "module")
