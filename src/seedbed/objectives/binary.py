"""Yes or no: one question a sample (Binary), or several (MultiLabel), by binary cross-entropy on logits.

Shapes: B sample, L label.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import ConfigError, DataError
from seedbed.objectives.metrics.table import MetricSpec
from seedbed.objectives.metrics.view import Kind, View
from seedbed.objectives.task import Task, as_tensor, find_sample, widen


class YesNo(Task):
    """What Binary and MultiLabel share: the loss and the check that targets are probabilities."""

    pos_weight: Tensor | None

    def __init__(self, metrics: Sequence[MetricSpec], kind: Kind, pos_weight: Tensor | None) -> None:
        super().__init__(metrics, kind)
        if pos_weight is not None and not bool((pos_weight > 0).all()):
            raise ConfigError(f"{type(self).__name__}: pos_weight must be above 0, not {pos_weight.tolist()}")
        self.register_buffer("pos_weight", pos_weight, persistent=False)

    @abstractmethod
    def match(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        """Logits and targets of one shape.

        Raises:
            DataError: They don't fit.
        """

    def measure(self, outputs: Any, batch: Batch) -> Tensor:
        logits, targets = self.match(outputs, batch)
        logits = widen(logits)
        return F.binary_cross_entropy_with_logits(logits, targets.to(logits.dtype), pos_weight=self.pos_weight)

    def weight(self, batch: Batch) -> int:
        return as_tensor(batch.targets, "targets", type(self).__name__).numel()

    def check(self, outputs: Any, batch: Batch) -> None:
        _, targets = self.match(outputs, batch)
        wrong = ~((targets >= 0) & (targets <= 1))
        if bool(wrong.any()):
            value = float(targets[wrong][0])
            cure = (
                "map -1/+1 to 0/1 with (y + 1) / 2" if value == -1 else "for more than two classes use Classification"
            )
            raise DataError(
                f"{type(self).__name__}: the target of sample {find_sample(wrong, batch)} is {value:g}, "
                f"but targets go from 0 (no) to 1 (yes); {cure}"
            )

    def _read(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        logits, targets = self.match(outputs, batch)
        return logits, targets.to(torch.float32)


class Binary(YesNo):
    """One yes-or-no a sample, from one logit.

    Outputs and targets are (B,) or (B, 1) each; a last dimension of 1 is dropped on either side, so nothing
    broadcasts. Targets are bool, integers or probabilities from 0 to 1. The mean is over samples.

    Args:
        metrics: Names from ``METRICS``, or functions ``fn(output, target)``. Precision, recall and F1 are of "yes".
        pos_weight: How much more a "yes" weighs than a "no", negatives / positives to balance them.
    """

    def __init__(self, *, metrics: Sequence[MetricSpec] = ("accuracy",), pos_weight: float | None = None) -> None:
        super().__init__(metrics, "binary", None if pos_weight is None else torch.tensor(float(pos_weight)))

    def match(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        logits = drop_last(as_tensor(outputs, "outputs", "Binary"))
        targets = drop_last(as_tensor(batch.targets, "targets", "Binary"))
        if logits.ndim != 1 or logits.shape != targets.shape:
            several = logits.ndim == 2 and targets.shape == logits.shape
            cure = "for several labels a sample use MultiLabel" if several else "give the model one output a sample"
            if logits.ndim == 2 and targets.ndim == 1:
                cure += ", or use Classification"
            raise DataError(
                f"Binary: outputs are {tuple(outputs.shape)}, targets are {tuple(batch.targets.shape)}; both must be "
                f"(B,) or (B, 1): {cure}"
            )
        return logits, targets

    def view(self) -> View:
        return View("binary", self._read)

    def predictions(self, outputs: Tensor) -> dict[str, Tensor]:
        """``class`` (B,), 0 or 1, and ``probability`` (B,) of 1."""
        logits = drop_last(widen(outputs))
        return {"class": (logits > 0).long(), "probability": logits.sigmoid()}


class MultiLabel(YesNo):
    """Several yes-or-no questions a sample, one logit each.

    Outputs and targets are (B, L), exactly the same shape. The mean is over all labels of all samples.

    Args:
        metrics: Names from ``METRICS``, or functions ``fn(output, target)``.
        pos_weight: How much more a "yes" weighs than a "no": one number a label, or one for all.
    """

    def __init__(
        self, *, metrics: Sequence[MetricSpec] = ("accuracy",), pos_weight: float | Sequence[float] | None = None
    ) -> None:
        super().__init__(metrics, "labels", None if pos_weight is None else torch.tensor(pos_weight, dtype=torch.float))

    def match(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        logits = as_tensor(outputs, "outputs", "MultiLabel")
        targets = as_tensor(batch.targets, "targets", "MultiLabel")
        if logits.ndim != 2 or logits.shape != targets.shape:
            cure = "give a 0 or 1 for every label of every sample"
            if targets.ndim == 1 and logits.ndim == 2:
                cure = "for one class a sample use Classification, for one yes or no use Binary"
            raise DataError(
                f"MultiLabel: outputs are {tuple(logits.shape)}, targets are {tuple(targets.shape)}; "
                f"both must be (B, labels): {cure}"
            )
        return logits, targets

    def check(self, outputs: Any, batch: Batch) -> None:
        super().check(outputs, batch)
        if self.pos_weight is not None and self.pos_weight.ndim and len(self.pos_weight) != outputs.size(1):
            raise ConfigError(
                f"MultiLabel: {len(self.pos_weight)} numbers in pos_weight for {outputs.size(1)} labels; "
                "give one a label, or a single number"
            )

    def view(self) -> View:
        return View("labels", self._read)

    def predictions(self, outputs: Tensor) -> dict[str, Tensor]:
        """``labels`` (B, L), 0 or 1, and ``probabilities`` (B, L)."""
        return {"labels": (outputs > 0).long(), "probabilities": widen(outputs).sigmoid()}


def drop_last(tensor: Tensor) -> Tensor:
    """(B, 1) → (B,); anything else as it is."""
    return tensor.squeeze(1) if tensor.ndim == 2 and tensor.size(1) == 1 else tensor
