"""What the watches share: the record, how closely to look, and one another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

from torch import Tensor, nn

from seedbed.doctor.observe.belonging import Belonging
from seedbed.doctor.observe.exports import Exports
from seedbed.doctor.observe.facts import ForwardFact, LossCall, Record, RootFact
from seedbed.doctor.observe.patches import Guard, Patches
from seedbed.doctor.observe.restores import Timeline
from seedbed.doctor.observe.site import Site


class Pairing(Protocol):
    """Joins inputs, targets and the rows that they were taken from."""

    tokens: dict[int, Tensor]
    belonging: Belonging

    def indexed(self, base: Tensor, index: Tensor, out: Tensor, site: Site | None) -> None:
        """Remember that ``out`` is ``base[index]``."""

    def input_seen(self, fact: ForwardFact, given: Tensor) -> None:
        """Remember a module's input."""

    def keep(self, fact: ForwardFact) -> bool:
        """Say whether there is room for the numbers of a call's input."""

    def loss_seen(self, given: Tensor, target: Tensor, call: LossCall) -> None:
        """Join a loss call with the last input."""


class Outputs(Protocol):
    """Knows the outputs of modules again."""

    def remember_output(self, tensor: Tensor, fact: ForwardFact) -> None:
        """Know a module's output again when it is used."""

    def give(self, tensors: list[Tensor], root: RootFact) -> None:
        """Look out for who reads each of several outputs of a module."""

    def pause(self) -> bool:
        """Stop to look at single operations; say whether they were looked at."""

    def switch(self, on: bool) -> None:
        """Look at single operations, or no longer."""


class Calls(Protocol):
    """Knows which modules are running."""

    stack: list[nn.Module]
    open: list[ForwardFact | None]


class Hub(ABC):
    """The state that the watches read and write; the recorder steers it."""

    pairs: Pairing
    tensors: Outputs
    modules: Calls

    def __init__(self) -> None:
        self.record = Record()
        self.guard = Guard()
        self.patches = Patches()
        self.timeline = Timeline(self.record)
        self.exports = Exports(self.record)
        self.detailed = True
        self.watching = True
        self.close = True
        self.closing = False
        self.fresh = 0
        self.reading_rows = True
        self.in_backward = False
        self.in_grad = False
        self.asked_shapes: set[tuple[int, ...]] = set()  # of inputs that a derivative is taken by, just now
        self.busy_seeding = False
        self.rich: dict[Any, Any] = {}
        self.loader_now = 0
        self.batch_now = 0
        self.eval_forwards = 0

    @abstractmethod
    def stepped(self) -> None:
        """Look less closely once enough steps were seen; called after every optimizer step."""

    @abstractmethod
    def wants(self, grad: bool, training: bool) -> bool:
        """Say whether a forward pass that looks like an evaluation is still worth a look."""

    @abstractmethod
    def entering(self, fact: ForwardFact) -> None:
        """A module is called at the top level."""
