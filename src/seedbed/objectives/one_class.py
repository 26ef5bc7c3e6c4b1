"""What objectives with exactly one class a sample share: shapes, checks, and how metrics read them.

Shapes: B sample, C class, N every element that has a class (B, or B times the spatial dimensions).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from seedbed.batch import Batch
from seedbed.errors import ConfigError, DataError
from seedbed.objectives.metrics.table import MetricSpec
from seedbed.objectives.metrics.view import View
from seedbed.objectives.task import Task, as_tensor, find_sample, widen

Scores = Literal["logits", "log_probs", "margins"]


class OneClass(Task):
    """One class an element, from one score a class; ``mean_loss`` says how well they agree.

    Args:
        metrics: Names from ``METRICS``, or functions ``fn(output, target)``.
        scores: What the outputs are.
        num_classes: C, if it shall be checked against the model's outputs.
        ignore_index: Class number of elements that don't count.
        takes_probabilities: Whether targets may be class probabilities of the outputs' shape.
    """

    def __init__(
        self,
        metrics: Sequence[MetricSpec],
        *,
        scores: Scores,
        num_classes: int | None = None,
        ignore_index: int | None = None,
        takes_probabilities: bool = False,
    ) -> None:
        super().__init__(metrics, "classes")
        self.scores: Scores = scores
        self.num_classes = num_classes
        self.ignore_index = ignore_index
        self.takes_probabilities = takes_probabilities

    @abstractmethod
    def mean_loss(self, scores_NC: Tensor, targets_N: Tensor) -> Tensor:
        """The mean over what counts; ``targets_N`` are class numbers, or (N, C) probabilities."""

    def measure(self, outputs: Any, batch: Batch) -> Tensor:
        scores_NC, targets_N = self._flatten(outputs, batch)
        try:
            return self.mean_loss(widen(scores_NC), targets_N)
        except (IndexError, RuntimeError):  # a label out of range in a later batch, on the CPU
            if not targets_N.is_floating_point():
                self.check_range(scores_NC.size(1), batch)
            raise

    def _flatten(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        """Scores (N, C) and targets (N,) of class numbers, or (N, C) of probabilities."""
        outputs = as_tensor(outputs, "outputs", type(self).__name__)
        targets = as_tensor(batch.targets, "targets", type(self).__name__)
        if (
            outputs.ndim == 2
            and outputs.size(1) > 1
            and targets.dtype == torch.int64
            and targets.shape == (len(outputs),)
        ):
            return outputs, targets  # nearly every batch: as quick as can be
        soft = targets.is_floating_point()
        expected = outputs.shape if soft else outputs.shape[:1] + outputs.shape[2:]
        if outputs.ndim < 2 or targets.shape != expected or (soft and not self.takes_probabilities):
            raise explain_shapes(outputs, targets, type(self).__name__)
        if outputs.size(1) == 1:
            raise explain_shapes(outputs, targets, type(self).__name__)
        targets = targets if soft else targets.long()
        if outputs.ndim == 2:
            return outputs, targets
        # one row an element: the losses over rows have a deterministic backward on every device, the spatial ones not
        rows_NC = outputs.movedim(1, -1).flatten(0, -2)
        return rows_NC, targets.movedim(1, -1).flatten(0, -2) if soft else targets.flatten()

    def check(self, outputs: Any, batch: Batch) -> None:
        scores_NC, targets = self._flatten(outputs, batch)
        num_outputs = scores_NC.size(1)
        if self.num_classes not in (None, num_outputs):
            raise ConfigError(
                f"{type(self).__name__}: num_classes is {self.num_classes}, but the model has {num_outputs} outputs; "
                "make them the same"
            )
        if not targets.is_floating_point():
            self.check_range(num_outputs, batch)

    def check_range(self, num_outputs: int, batch: Batch) -> None:
        """Refuse labels that no output stands for.

        Raises:
            DataError: With the label and its sample.
        """
        targets = batch.targets.long()
        wrong = (targets < 0) | (targets >= num_outputs)
        if self.ignore_index is not None:
            wrong &= targets != self.ignore_index
        if not bool(wrong.any()):
            return
        label = int(targets[wrong][0])
        cure = (
            f"give the model {label + 1} outputs, or number the classes from 0" if label > 0 else "number them from 0"
        )
        if label < 0:
            cure += f", or set ignore_index={label} for elements that don't count"
        raise DataError(
            f"{type(self).__name__}: sample {find_sample(wrong, batch)} has the label {label}, but there are "
            f"{num_outputs} outputs, so labels go from 0 to {num_outputs - 1}; {cure}"
        )

    def view(self) -> View:
        return View("classes", self._read, self.scores, masked=self.ignore_index is not None)

    def _read(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        scores_NC, targets = self._flatten(outputs, batch)
        if targets.is_floating_point():
            return scores_NC, targets.argmax(1)
        return scores_NC, targets if self.ignore_index is None else targets.where(targets != self.ignore_index, -1)

    def predictions(self, outputs: Tensor) -> dict[str, Tensor]:
        """``class`` (B,), its ``probability`` (B,) and ``probabilities`` (B, C); for margins the ``scores`` instead."""
        if self.scores == "margins":
            return {"class": outputs.argmax(1), "scores": outputs}
        probabilities = widen(outputs).softmax(1) if self.scores == "logits" else widen(outputs).exp()
        probability, chosen = probabilities.max(1)
        return {"class": chosen, "probability": probability, "probabilities": probabilities}


def explain_shapes(outputs: Tensor, targets: Tensor, task: str) -> DataError:
    """Why these outputs and targets don't go together, and the likely cure."""
    have = f"outputs are {tuple(outputs.shape)}, targets are {tuple(targets.shape)} of {targets.dtype}"
    if outputs.ndim < 2 or outputs.size(1) == 1:
        cure = "one score a class is needed, (B, classes); for one yes-or-no score use the objective Binary"
    elif targets.is_floating_point() and targets.shape == outputs.shape:
        cure = "class probabilities are for the loss cross_entropy alone; give class numbers"
    elif targets.is_floating_point():
        cure = "targets must be class numbers (integers); for real values use the objective Regression"
    elif targets.shape == outputs.shape:
        cure = "targets look one-hot: give class numbers (argmax over dimension 1), or use the objective MultiLabel"
    elif targets.ndim == 2 and targets.size(1) == 1:
        cure = "drop the targets' last dimension (squeeze it): class numbers have the shape (B,)"
    elif outputs.ndim == 3 and targets.shape == outputs.shape[:2]:
        cure = "the classes are in the last dimension: use the objective LanguageModeling, or permute to (B, C, T)"
    else:
        cure = "class numbers must have the outputs' shape without dimension 1"
    return DataError(f"{task}: {have}; {cure}")
