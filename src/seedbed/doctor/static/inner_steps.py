"""Inner steps of meta-learning: weights that a gradient was taken off by hand, and whether a loss still sees them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.formulas import core, factors
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import CUTTING, Val, ancestors

_HELD = frozenset(["dict", "list", "tuple", "iter"])


def cut_updates(p: Program) -> Iterator[tuple[Val, Event]]:
    """Updates ``(w - lr * g)`` that are cut off the graph, where nothing else joins an outer loss to any weight.

    Not where gradients are carried over by hand (``w.grad = fast.grad``): the cut is meant there.
    """
    table = ownership.optimizers(p) if p.made("grads") and p.all("step") else []
    if not table or not all(modules for _, _, modules in table) or q.sets_gradients(p):
        return
    if any(n.attr in ("grad", "_grad") and isinstance(n.ctx, ast.Load) and _read(n) for n in p.nodes(ast.Attribute)):
        return
    blind = {id(val.node) for _, val, event in p.assigns if not event.grad and val.kind == "tensor"}
    for back in p.all("backward"):
        if back.name != "grad" and back.recv is not None and back.loops:
            cuts = _only_cuts(back.recv, blind)
            if cuts:
                yield min(cuts, key=lambda v: v.line), back


def _read(node: ast.Attribute) -> bool:
    """Whether ``.grad`` is that of a tensor, not ``autograd.grad``."""
    base = node.value
    last = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
    return last not in ("autograd", "func")


def _only_cuts(root: Val, blind: set[int]) -> list[Val]:
    """The cut updates below a loss; none where a way of the gradient ends at a weight or at something unknown."""
    cuts: list[Val] = []
    stack, seen = [root], set[int]()
    while stack:
        val = stack.pop()
        if id(val) in seen:
            continue
        seen.add(id(val))
        if id(val.node) in blind and _is_update(val):  # made under no_grad
            cuts.append(val)
            continue
        below = _below(val, cuts)
        if below is None or len(seen) > 3000:
            return []
        stack.extend(below)
    return cuts


def _below(val: Val, cuts: list[Val]) -> list[Val] | None:
    """What the gradient of a value goes on to; ``None`` at a weight and where it is not known."""
    if val.kind in ("const", "number", "slice", "lib"):
        return []
    if val.name == "functional_call":  # what the module itself holds is replaced by the second argument
        return [*val.args[1:], *val.kwargs.values()]
    if val.name in ("parameter", "Parameter") or val.kind in ("params", "module", "state", "instance"):
        return None
    if val.kind == "phi":
        return list(val.args)
    if val.kind in _HELD:
        inside = [*(val.items or ()), *val.attrs.values()]
        return [*inside, *(val.args[:1] if val.name == "comprehension" else val.args)]
    if val.kind == "unknown" and not val.grad and not any(_learns(a) for a in ancestors(val, limit=200)):
        return []  # an element of data that is not shown
    if val.kind != "tensor" or getattr(val.owner, "kind", "") == "module":
        return None
    if val.name in CUTTING:
        made = core(val.args[0]) if val.name in ("detach", "data") and val.args else None
        if made is not None and _is_update(made):
            cuts.append(val)
        return []
    return [*(val.args[:1] if val.name in ("getitem", "element", "part", "grads") else val.args), *val.kwargs.values()]


def _learns(val: Val) -> bool:
    return val.kind in ("module", "params", "state", "instance") or val.name in ("parameter", "Parameter") or val.grad


def _is_update(val: Val) -> bool:
    """``w - lr * g``, where ``w`` comes from a weight of a model and ``g`` from ``autograd.grad``."""
    if val.kind != "tensor" or val.name not in ("sub", "add") or len(val.args) != 2 or not _from_weight(val.args[0]):
        return False
    parts = (v for v, power in factors(val.args[1]) if power > 0)
    return any(one.name == "grads" and one.kind == "tensor" for part in parts for one in ancestors(part, limit=12))


def _from_weight(val: Val) -> bool:
    """Whether what is moved is a weight, or what earlier steps have made of one."""
    stack, seen = [val], set[int]()
    while stack and len(seen) < 60:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.name in ("parameter", "Parameter") or one.kind == "params":
            return True
        if one.kind in ("tensor", "phi", "unknown", *_HELD):
            stack.extend(one.args if one.kind == "phi" or one.kind in _HELD else one.args[:1])
            stack.extend((one.items or ())[:3])
    return False
