"""Which of a module's several outputs anybody reads."""

from __future__ import annotations

import weakref
from typing import Any

from torch import Tensor

from seedbed.doctor.observe.facts import RootFact

MOST = 64


class LooseEnds:
    """Outputs of modules that nothing has read yet."""

    def __init__(self) -> None:
        self.ends: dict[int, tuple[weakref.ref[Tensor], RootFact, int]] = {}

    def give(self, tensors: list[Tensor], root: RootFact) -> None:
        """Look out for who reads them; ``root.given`` counts them by number."""
        if len(self.ends) > MOST:
            self.ends.clear()
        for number, tensor in enumerate(tensors):
            root.given[number] += 1
            self.ends[id(tensor)] = (weakref.ref(tensor), root, number)

    def take(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note in ``root.taken`` which of them an operation reads."""
        for value in (*args, *kwargs.values()):
            for tensor in value if isinstance(value, list | tuple) else (value,):
                known = self.ends.get(id(tensor))
                if known is not None and known[0]() is tensor:
                    known[1].taken.add(known[2])
                    del self.ends[id(tensor)]
