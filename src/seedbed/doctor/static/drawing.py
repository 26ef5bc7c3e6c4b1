"""Questions about random draws: whether an order that is drawn decides which samples are trained on when."""

from __future__ import annotations

from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_TAKES = frozenset(["getitem", "index_select", "take", "gather", "Subset", "element", "sample", "part"])
_KEPT = frozenset(
    [
        "getitem", "element", "part", "split", "chunk", "chunks", "array_split", "tolist", "tensor", "as_tensor", "to",
        "from_numpy", "astype", "long", "int", "int_builtin", "item", "list", "reshape", "view", "flatten", "array",
        "asarray", "numpy", "cpu", "unbind", "index",
    ]
)  # fmt: skip


def orders_training(p: Program, event: Event) -> bool:
    """Whether batches that are trained on are taken in the order that a call draws.

    What is only measured, written as noise or compared with a threshold is none.
    """
    held = [o for v in (event.result, *event.args[:1]) if v is not None for o in v.options()]
    made = next((o for o in held if o.kind in ("loader", "dataset") or o.name.endswith("Sampler")), None)
    if made is not None and event.name.rsplit(".", 1)[-1] != "shuffle":
        return any(a.node is made.node for loader, _ in d.training_loaders(p) for a in (loader, *loader.inputs()))
    if event.name.rsplit(".", 1)[-1] == "shuffle":
        return any(p.trained(o) for o in held) or any(_taken(p, event, o) for o in held)
    return event.result is not None and _taken(p, event, event.result)


def _taken(p: Program, event: Event, made: Val) -> bool:
    """Whether rows are taken by a draw and trained on, or at least in the loop over the batches."""
    batches = {id(b.loop.node) for b in p.all("backward") if b.loop is not None and not event.inside(b.loop)}
    stack, seen = [made], set[int]()
    while stack and len(seen) < 60:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        for user in p.users(one):
            if user.name in _TAKES and (p.trained(user) or any(id(n) in batches for n in user.loops)):
                return True
            if user.name in _KEPT or user.kind in ("iter", "list", "tuple", "phi"):
                stack.append(user)
    return False
