"""Data that a training loop changes in place, so that every epoch starts from what the last one left."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static import lineage, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors, uses_gradient

DRAWN = frozenset(
    ["randn", "randn_like", "rand", "rand_like", "normal", "bernoulli", "np_randn", "np_rand", "np_normal", "uniform",
     "np_uniform", "standard_normal", "randint", "randint_like", "np_randint", "poisson", "np_random", "random"]
)  # fmt: skip
_FILLS = frozenset(
    ["normal_", "uniform_", "copy_", "zero_", "fill_", "random_", "bernoulli_", "exponential_", "requires_grad_",
     "detach_", "resize_", "squeeze_", "unsqueeze_", "set_", "share_memory_", "pin_memory_", "clamp_", "clip_"]
)  # fmt: skip


def drifts(p: Program) -> Iterator[Event]:
    """Changes in place, in a training loop, of a tensor that was there before it and that the model is trained on."""
    inside = [e for e in p.all("augment", "inplace", "setitem") if e.loops and e.recv is not None and e.first]
    if not inside or not p.trains:
        return
    starts: dict[int, int] = {}
    for loop in p.all("loop"):
        starts.setdefault(id(loop.node), loop.clock)
    fed: set[int] | None = None
    for event in inside:
        if not any(b.inside(event.loops[0]) for b in p.all("backward")) or not _adds_up(event) or _moves_on(p, event):
            continue
        begin = starts.get(id(event.loops[0].node), 0)
        roots = [r for r in shared(event.recv) if r.kind == "tensor" and r.seq < begin and not _excused(p, r, event)]
        if not roots:
            continue
        if fed is None:
            fed = _fed(p)
        if any(id(r) in fed for r in roots):
            yield event


def shared(val: Val | None) -> list[Val]:
    """The tensors whose memory a value is; rows of a tensor that a loop walks over are views too."""
    if val is None:
        return []
    found = []
    for one in q.memory(val):
        if one.name == "element" and one.args and one.args[0].kind == "tensor":
            found += shared(one.args[0])
        elif one.name not in ("from_numpy", "as_tensor", "asarray") or not one.args or _converts(one):
            found.append(one)
        else:
            found += shared(one.args[0])
    return found


def _converts(val: Val) -> bool:
    """Whether a type is asked for that the numbers may not have yet: then they are copied."""
    return "dtype" in val.kwargs and (not val.args[0].dtype or val.args[0].dtype != val.dtype)


def _adds_up(event: Event) -> bool:
    if event.recv is None or event.recv.grad or any(uses_gradient(a) for a in event.args):
        return False
    stack = [event.recv]
    while stack:  # an index by numbers or a mask copies
        one = stack.pop()
        if one.name == "getitem" and len(one.args) > 1 and _copies(one.args[1]):
            return False
        stack.extend(one.args[:1] if one.name in ("getitem", "view", "reshape") else ())
    if event.kind == "setitem":
        new = event.args[1] if len(event.args) > 1 else None
        memory = {id(v) for v in shared(event.recv)}
        if new is not None and new.kind == "tensor" and not any(id(v) in memory for v in ancestors(new, limit=300)):
            return False  # other content, not what was there with something on top
        return bool(event.args) and any(v.name in DRAWN for v in ancestors(event.args[0], limit=60))
    return event.name not in _FILLS and event.recv.kind in ("tensor", "phi")


def _moves_on(p: Program, event: Event) -> bool:
    """Whether it is the state of a simulation: worked out from its other items, or put back to a start in the loop."""
    memory = shared(event.recv)
    held = {id(v) for v in memory}
    items = [v for a in event.args for v in ancestors(a, limit=60) if v.name == "getitem" and v.args]
    for one in event.recv.options() if event.recv is not None else ():
        if one.name == "getitem" and len(one.args) > 1 and one.args[1].kind == "const":
            at = one.args[1].const
            others = [i for i in items if i.args[1:] and i.args[1].kind == "const" and i.args[1].const != at]
            if any(id(v) in held for i in others for v in shared(i.args[0])):
                return True
    kept = {e.name for e in p.all("attribute") if e.args and any(v in memory for v in e.args[0].options())}
    put = [e for e in p.all("attribute") if e.name in kept and e.args and e.inside(event.loops[0])]
    return any(not any(id(v) in held for v in ancestors(e.args[0], limit=300)) for e in put)


def _copies(key: Val) -> bool:
    parts = [key, *(key.items or [])]
    return any(k.kind in ("tensor", "list", "unknown") for k in parts)


def _excused(p: Program, root: Val, event: Event) -> bool:
    """Whether a tensor is a weight, a state or a chain that is meant to move."""
    if root.grad or "leaf" in root.tags or root.name in ("Parameter", "parameter", "zeros", "empty", "batch", "tolist"):
        return True
    changes = [e for e in p.all("inplace", "augment", "setitem") if _changes(e, root)]
    return any(e.name in _FILLS and e.recv is root for e in changes) or any(_follows(e) for e in changes)


def _changes(event: Event, root: Val) -> bool:
    """Whether an event changes a tensor; what it is called later, after earlier changes, is looked through."""
    return event.recv is not None and any(v is root for v in lineage.path(event.recv, 60))


def _follows(event: Event) -> bool:
    """Whether the new content is worked out by a model: a chain of samples, a memory or a buffer, meant to move."""
    made = [v for a in event.args for v in ancestors(a, limit=400)]
    return any(v.name in ("grad", "grads", "forward") or v.kind == "module" for v in made)


def _fed(p: Program) -> set[int]:
    """Ids of everything that the inputs of trained calls are made from."""
    found: set[int] = set()
    for event in training.forwards(p):
        if event.args and event.grad and training.trained_output(p, event.result):
            for one in event.args[:1]:
                found |= {id(v) for v in lineage.path(one)}
    return found
