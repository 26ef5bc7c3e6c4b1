"""What every objective is: a loss over one batch, what its mean is over, its metrics and its predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.batch import Batch, Outcome
from seedbed.errors import DataError
from seedbed.objectives.metrics.table import MetricSpec, check_specs, make_metrics
from seedbed.objectives.metrics.view import Kind, Metric, View


class Task(nn.Module, ABC):
    """An objective: ``measure`` is the loss, ``weight`` what it is a mean over, ``view`` how metrics read outputs.

    The first batch in train mode and the first in eval mode are checked in full (ranges too, which costs a read of
    the device); shapes are checked always.

    Args:
        metrics: Names from ``METRICS``, or functions ``fn(output, target)`` that give a mean over samples.
        kind: What the outputs are; None where only functions can be metrics.
    """

    def __init__(self, metrics: Sequence[MetricSpec], kind: Kind | None) -> None:
        super().__init__()
        check_specs(metrics, kind, type(self).__name__)
        self.metric_specs = tuple(metrics)
        self._checked_training = self._checked_evaluation = False

    def forward(self, model: nn.Module, batch: Batch) -> Outcome:
        """The mean loss of ``model`` on ``batch``, with its graph, and the model's outputs."""
        outputs = model(batch.inputs)
        # one flag for each mode, so that a compiled step in one does not depend on the other
        if not (self._checked_training if model.training else self._checked_evaluation):
            self.check(outputs, batch)
            if model.training:
                self._checked_training = True
            else:
                self._checked_evaluation = True
        return Outcome(self.measure(outputs, batch), outputs)

    @abstractmethod
    def measure(self, outputs: Any, batch: Batch) -> Tensor:
        """The mean loss, a scalar."""

    @abstractmethod
    def weight(self, batch: Batch) -> int | float | Tensor:
        """What the mean loss is a mean over."""

    @abstractmethod
    def view(self) -> View | None:
        """How metrics read outputs and targets; None where only functions can."""

    @abstractmethod
    def predictions(self, outputs: Any) -> dict[str, Any]:
        """What the outputs say, by name: tensors whose first dimension is the sample."""

    def check(self, outputs: Any, batch: Batch) -> None:
        """Refuse outputs and targets that don't fit, with what to do about it.

        Raises:
            DataError: The targets have the wrong type, shape or range for these outputs.
        """

    def metrics(self) -> dict[str, Metric]:
        """Fresh metrics by name."""
        return make_metrics(self.metric_specs, self.view(), type(self).__name__)


def as_tensor(value: Any, what: str, task: str) -> Tensor:
    """``value`` if it is a tensor.

    Raises:
        DataError: It is something else, a tuple or a dict for example.
    """
    if isinstance(value, Tensor):
        return value
    kind = type(value).__name__
    cure = "return the one tensor that the loss is for" if what == "outputs" else "give one target tensor a batch"
    raise DataError(f"{task}: the {what} are a {kind}, not a tensor; {cure}, or use the objective Functional")


def widen(outputs: Tensor) -> Tensor:
    """Outputs in at least float32, so that the loss is not computed in half precision under autocast."""
    return outputs.float() if outputs.dtype in (torch.bfloat16, torch.float16) else outputs


def find_sample(wrong: Tensor, batch: Batch) -> int:
    """The number of the first sample for which ``wrong`` (bool, first dimension the sample) holds."""
    first = int(wrong.reshape(len(wrong), -1).any(1).to(torch.uint8).argmax())
    return int(batch.indices[first]) if first < len(batch.indices) else first
