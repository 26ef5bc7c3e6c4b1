"""What a metric is, and how it reads an objective's outputs.

A metric adds up on the device, in integers or float64, and is read once, at the end. So a short last batch weighs
what it should, and no batch waits for the device.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import Tensor

from seedbed.batch import Batch

Kind = Literal["classes", "binary", "labels", "values"]


class Metric(ABC):
    """A number (or a table of numbers) over all samples seen: ``update`` once a batch, ``compute`` at the end.

    ``accumulated`` names the attributes that updates change, so that a metric can be saved in the middle of an epoch.
    """

    accumulated: ClassVar[tuple[str, ...]] = ("counts",)

    @abstractmethod
    def update(self, outputs: Any, batch: Batch) -> None:
        """Take in one batch."""

    @abstractmethod
    def compute(self) -> Any:
        """A float, or nested lists of numbers for a table; NaN where it is undefined, as without samples."""

    def state_dict(self) -> dict[str, Any]:
        """What was accumulated so far."""
        return {name: getattr(self, name) for name in self.accumulated}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Put back what ``state_dict`` gave."""
        for name in self.accumulated:
            setattr(self, name, state_dict[name])


@dataclass(frozen=True, slots=True)
class View:
    """How metrics read an objective's outputs.

    ``read(outputs, batch)`` gives scores and targets by ``kind``:

    - ``classes``: scores (N, C), class numbers (N,) as int64; a negative number doesn't count
    - ``binary``: scores (N,), yes where above 0; targets (N,), yes where at least 0.5
    - ``labels``: scores (N, L) and targets (N, L), the same for L labels
    - ``values``: values (N, D) and targets (N, D)

    ``scores`` says what class scores are: logits, log-probabilities, or margins that are no probabilities at all;
    ``masked`` whether there may be classes that don't count.
    """

    kind: Kind
    read: Callable[[Any, Batch], tuple[Tensor, Tensor]]
    scores: Literal["logits", "log_probs", "margins"] = "logits"
    masked: bool = False


def to_float64(tensor: Tensor) -> Tensor:
    """``tensor`` in float64, on its device where the device has float64 (Apple's has not), detached."""
    return (tensor.detach().cpu() if tensor.device.type == "mps" else tensor.detach()).double()
