"""Recurrent layers by their values: states that start from zeros every time, states given in the wrong order."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from seedbed.doctor.observe.site import Site, here
from seedbed.doctor.observe.values import plain

if TYPE_CHECKING:
    from seedbed.doctor.observe.tensors import TensorWatch

CELLS = frozenset({"lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"})


@dataclass
class Steps:
    """How one recurrent layer was called with a single time step."""

    longest: int = 0
    forward: int = -1
    inner: int = 0
    outer: int = 0
    carried: int = 0


class StateWatch:
    """What is remembered of recurrent layers: per layer how it was called, and the last states that they gave."""

    def __init__(self) -> None:
        self.layers: dict[int, Steps] = {}
        self.hidden: deque[Tensor] = deque(maxlen=12)
        self.cells: deque[Tensor] = deque(maxlen=12)

    def gave(self, out: Any) -> None:
        """Remember the hidden and the cell state of an LSTM."""
        self.hidden.append(out[-2].detach())
        self.cells.append(out[-1].detach())

    def swapped(self, first: Tensor, second: Tensor) -> bool:
        """Say whether an initial state is ``(c, h)`` of an earlier layer."""
        return _among(first, self.cells) and _among(second, self.hidden)


def _among(tensor: Tensor, known: deque[Tensor]) -> bool:
    place = tensor.untyped_storage().data_ptr()
    return any(other.untyped_storage().data_ptr() == place for other in known)


def recurrent(watch: TensorWatch, name: str, out: Any, args: tuple[Any, ...]) -> None:
    """Look at one call of a recurrent layer or cell.

    Args:
        watch: The watch that holds what is remembered.
        name: Name of the function, ``"lstm"``, ``"gru_cell"``.
        out: What it returned.
        args: What it was given: input, state(s), weights; a packed sequence has its batch sizes in between.
    """
    if len(args) < 3 or not plain(args[0]):
        return
    packed = isinstance(args[1], Tensor) and args[1].ndim == 1 and args[1].dtype == torch.int64
    states = args[2] if packed else args[1]
    held = list(states) if isinstance(states, list | tuple) else [states]
    if not held or not all(plain(state) for state in held):
        return
    memory, site = watch.states, here()
    if name.startswith("lstm"):
        if memory.swapped(held[0], held[1]):
            watch.record.note("swapped-state", site, shape=tuple(held[0].shape))
        memory.gave(out)
    weights = args[2] if name in CELLS else args[3 if packed else 2]
    first = weights[0] if isinstance(weights, list | tuple) else weights
    steps = memory.layers.setdefault(id(first), Steps())
    if packed:
        steps.longest = max(steps.longest, len(args[1]))
        return
    _count(watch, name, args, held, steps, site)


def _count(
    watch: TensorWatch, name: str, args: tuple[Any, ...], held: list[Tensor], steps: Steps, site: Site | None
) -> None:
    given = args[0]
    time = 1 if name in CELLS else given.shape[1 if args[-1] is True else 0] if given.ndim == 3 else 0
    if time != 1:
        steps.longest = max(steps.longest, time)
        return
    number = watch.record.num_forwards if watch.recorder.modules.stack else -1
    zero = not any(bool(state.any()) for state in held)
    if not zero:
        steps.carried += 1
        return
    same = number == steps.forward and number >= 0
    steps.forward = number
    steps.inner = steps.inner + 1 if same else 1
    steps.outer = steps.outer + (not same) if not torch.is_grad_enabled() else 0
    calls = watch.record.forwards
    if steps.inner >= 3:
        watch.record.note("restarted-state", site, kind=name, key=id(first_of(args)), calls=steps.inner, outer=False)
    elif steps.outer >= 4 and steps.longest > 1:
        place = calls[-1].site if calls else site
        watch.record.note("restarted-state", place, kind=name, key=id(first_of(args)), calls=steps.outer, outer=True)


def first_of(args: tuple[Any, ...]) -> Any:
    """Return the first weight of a recurrent layer's arguments."""
    return args[2][0] if isinstance(args[2], list | tuple) else args[2]
