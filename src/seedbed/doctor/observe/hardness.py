"""Follow hard decisions (thresholds, argmax, round) through the operations: no gradient comes back through them."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from torch import Tensor

from seedbed.doctor.observe.site import Site, here
from seedbed.doctor.observe.values import plain

if TYPE_CHECKING:
    from seedbed.doctor.observe.tensors import TensorWatch

DECISIONS = frozenset(
    {"gt", "__gt__", "ge", "__ge__", "lt", "__lt__", "le", "__le__", "argmax", "round", "round_", "sign", "floor",
     "ceil", "heaviside", "one_hot", "sgn"}
)  # fmt: skip
SUMS = frozenset({"add", "__add__", "__radd__", "sub", "__sub__", "__rsub__", "__iadd__", "add_", "rsub"})


class Hardness:
    """Tensors that depend on the model only through hard decisions, and where the first decision was made."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[weakref.ref[Tensor], Site | None, str]] = {}

    def origin(self, value: Any) -> tuple[Site | None, str] | None:
        """Return the line and name of the decision that a tensor rests on, ``None`` for all others."""
        known = self.known.get(id(value))
        return (known[1], known[2]) if known is not None and known[0]() is value else None

    def mark(self, value: Tensor, site: Site | None, name: str) -> None:
        """Remember that a tensor rests on a decision, or on weights that were taken out of the graph."""
        known, key = self.known, id(value)
        if len(known) <= 4096:
            known[key] = (weakref.ref(value, lambda _: known.pop(key, None)), site, name)

    def seen(self, watch: TensorWatch, name: str, out: Any, args: tuple[Any, ...]) -> None:
        """Look at one operation: a decision, or something computed from decisions."""
        if not plain(out):
            return
        first = args[0] if args else None
        soft_input = isinstance(first, Tensor) and first.requires_grad and self.origin(first) is None
        if name in DECISIONS and soft_input:
            self.mark(out, here(), name)
            return
        if not self.known:
            return
        tensors = [a for a in args if isinstance(a, Tensor)]
        if tensors == [] and isinstance(first, list | tuple):
            tensors = [a for a in first if isinstance(a, Tensor)]
        found = next((o for o in map(self.origin, tensors) if o is not None), None)
        if found is None:
            return
        soft = [t for t in tensors if t.requires_grad and self.origin(t) is None]
        if not soft:
            self.mark(out, *found)
        elif name in SUMS and out.numel() == 1 and len(tensors) == 2:
            hard = next(t for t in tensors if self.origin(t) is not None)
            if hard.numel() == 1 and hard.is_floating_point():
                value = float(hard.detach())
                watch.record.note("hard-term", found[0], decision=found[1], value=value, sum=here())
