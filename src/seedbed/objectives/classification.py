"""One class a sample: cross-entropy, negative log-likelihood or hinge.

Shapes: B sample, C class, N every element that has a class (B, or B times the spatial dimensions).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import ConfigError, DataError
from seedbed.objectives.metrics.table import MetricSpec
from seedbed.objectives.metrics.view import View
from seedbed.objectives.task import Task, as_tensor, find_sample, widen

ClassLoss = Literal["cross_entropy", "nll", "hinge"]


class Classification(Task):
    """Exactly one class a sample, from one score a class.

    Outputs (B, C), or (B, C, d…) with one class a position; targets are class numbers (B,) or (B, d…) of any integer
    type, or for ``cross_entropy`` class probabilities of the outputs' shape. The mean is over the elements that are
    not ignored; with ``class_weights`` it is over their weights, as torch has it.

    Args:
        loss: ``cross_entropy`` (outputs are logits), ``nll`` (log-probabilities) or ``hinge`` (margins, Weston–Watkins,
            torch's ``multi_margin_loss``).
        metrics: Names from ``METRICS``, or functions ``fn(output, target)``.
        num_classes: C, if it shall be checked against the model's outputs.
        label_smoothing: Share of the target's probability that is spread over all classes.
        class_weights: One weight a class.
        ignore_index: Class number of elements that don't count; none by default.
    """

    def __init__(
        self,
        *,
        loss: ClassLoss = "cross_entropy",
        metrics: Sequence[MetricSpec] = ("accuracy",),
        num_classes: int | None = None,
        label_smoothing: float = 0.0,
        class_weights: Sequence[float] | None = None,
        ignore_index: int | None = None,
    ) -> None:
        check_arguments(loss, label_smoothing, class_weights, ignore_index, num_classes)
        super().__init__(metrics, "classes")
        self.loss = loss
        self.num_classes = num_classes
        self.label_smoothing = label_smoothing
        self.ignore_index = ignore_index
        self.class_weights: Tensor | None
        weights = None if class_weights is None else torch.tensor(list(class_weights), dtype=torch.float32)
        self.register_buffer("class_weights", weights, persistent=False)

    def measure(self, outputs: Any, batch: Batch) -> Tensor:
        scores, targets = self._flatten(outputs, batch)
        try:
            return self._mean_loss(widen(scores), targets)
        except IndexError:  # a label out of range in a later batch, on the CPU
            self._check_range(outputs.size(1), batch)
            raise

    def _mean_loss(self, scores_NC: Tensor, targets_N: Tensor) -> Tensor:
        weights = self.class_weights if self.class_weights is None else self.class_weights.to(scores_NC.dtype)
        if self.loss == "hinge":
            return F.multi_margin_loss(scores_NC, targets_N, weight=weights)
        ignore = -100 if self.ignore_index is None else self.ignore_index
        # a batch without any weight would have the mean 0/0; its loss is 0 instead, and it counts for nothing
        may_be_empty = not targets_N.is_floating_point() and (self.ignore_index is not None or weights is not None)
        reduction = "sum" if may_be_empty else "mean"
        if self.loss == "nll":
            loss = F.nll_loss(scores_NC, targets_N, weights, ignore_index=ignore, reduction=reduction)
        else:
            smoothing = self.label_smoothing
            loss = F.cross_entropy(
                scores_NC, targets_N, weights, ignore_index=ignore, label_smoothing=smoothing, reduction=reduction
            )
        return loss / self._total(targets_N).clamp(min=1e-30) if may_be_empty else loss

    def _total(self, targets: Tensor) -> Tensor:
        """Sum of the weights of the elements that count, a scalar on the device."""
        counts = None if self.ignore_index is None else targets != self.ignore_index
        if self.class_weights is None:
            assert counts is not None
            return counts.sum(dtype=torch.float32)
        if counts is None:
            return self.class_weights[targets].sum()
        return (self.class_weights[targets.where(counts, 0)] * counts).sum()

    def weight(self, batch: Batch) -> int | Tensor:
        targets = as_tensor(batch.targets, "targets", "Classification")
        if targets.is_floating_point():
            return targets.numel() // targets.size(1) if targets.ndim > 1 else targets.numel()
        if self.loss == "hinge" or (self.ignore_index is None and self.class_weights is None):
            return targets.numel()
        try:
            return self._total(targets if targets.dtype == torch.int64 else targets.long())
        except IndexError:
            self._check_range(len(self.class_weights) if self.class_weights is not None else 0, batch)
            raise

    def _flatten(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        """Scores (N, C) and targets (N,) of class numbers, or (N, C) of probabilities."""
        outputs = as_tensor(outputs, "outputs", "Classification")
        targets = as_tensor(batch.targets, "targets", "Classification")
        soft = targets.is_floating_point()
        expected = outputs.shape if soft else outputs.shape[:1] + outputs.shape[2:]
        if outputs.ndim < 2 or targets.shape != expected or (soft and self.loss != "cross_entropy"):
            raise explain_shapes(outputs, targets, self.loss)
        if not soft and targets.dtype != torch.int64:
            targets = targets.long()
        if outputs.ndim == 2:
            return outputs, targets
        # one row an element: the losses over rows have a deterministic backward on every device, the spatial ones not
        rows = outputs.movedim(1, -1).flatten(0, -2)
        return rows, targets.movedim(1, -1).flatten(0, -2) if soft else targets.flatten()

    def check(self, outputs: Any, batch: Batch) -> None:
        _, targets = self._flatten(outputs, batch)
        num_outputs = outputs.size(1)
        if self.num_classes not in (None, num_outputs):
            raise ConfigError(
                f"Classification: num_classes is {self.num_classes}, but the model has {num_outputs} outputs; "
                "make them the same"
            )
        if self.class_weights is not None and len(self.class_weights) != num_outputs:
            raise ConfigError(
                f"Classification: {len(self.class_weights)} class_weights for a model with {num_outputs} outputs; "
                "give one weight an output"
            )
        if not targets.is_floating_point():
            self._check_range(num_outputs, batch)

    def _check_range(self, num_outputs: int, batch: Batch) -> None:
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
            cure += f", or set ignore_index={label}"
        raise DataError(
            f"Classification: sample {find_sample(wrong, batch)} has the label {label}, but the model has "
            f"{num_outputs} outputs, so labels go from 0 to {num_outputs - 1}; {cure}"
        )

    def view(self) -> View:
        scores: dict[str, Any] = {"cross_entropy": "logits", "nll": "log_probs", "hinge": "margins"}
        return View("classes", self._read, scores[self.loss])

    def _read(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        scores_NC, targets = self._flatten(outputs, batch)
        if targets.is_floating_point():
            return scores_NC, targets.argmax(1)
        return scores_NC, targets if self.ignore_index is None else targets.where(targets != self.ignore_index, -1)

    def predictions(self, outputs: Tensor) -> dict[str, Tensor]:
        """``class`` (B,) and, except for ``hinge``, ``probability`` (B,) of it and ``probabilities`` (B, C)."""
        if self.loss == "hinge":
            return {"class": outputs.argmax(1), "scores": outputs}
        probabilities = widen(outputs).softmax(1) if self.loss == "cross_entropy" else widen(outputs).exp()
        probability, chosen = probabilities.max(1)
        return {"class": chosen, "probability": probability, "probabilities": probabilities}


def check_arguments(
    loss: str,
    label_smoothing: float,
    class_weights: Sequence[float] | None,
    ignore_index: int | None,
    num_classes: int | None,
) -> None:
    """Refuse arguments that are wrong or don't go together.

    Raises:
        ConfigError: The first thing that is wrong.
    """
    if loss not in ("cross_entropy", "nll", "hinge"):
        raise ConfigError(f"Classification has no loss {loss!r}; known are cross_entropy, nll, hinge")
    if not 0 <= label_smoothing <= 1:
        raise ConfigError(f"Classification: label_smoothing must be from 0 to 1, not {label_smoothing}")
    if label_smoothing and loss != "cross_entropy":
        raise ConfigError(f"Classification: label_smoothing is for the loss cross_entropy, not for {loss}")
    if ignore_index is not None and loss == "hinge":
        raise ConfigError("Classification: ignore_index is for cross_entropy and nll, not for hinge")
    if class_weights is not None and (not class_weights or min(class_weights) < 0):
        raise ConfigError(f"Classification: class_weights must be numbers from 0 up, not {list(class_weights)}")
    if class_weights is not None and num_classes not in (None, len(class_weights)):
        raise ConfigError(f"Classification: {len(class_weights)} class_weights for num_classes={num_classes}")


def explain_shapes(outputs: Tensor, targets: Tensor, loss: str) -> DataError:
    """Why these outputs and targets don't go together, and the likely cure."""
    have = f"outputs are {tuple(outputs.shape)}, targets are {tuple(targets.shape)} of {targets.dtype}"
    if outputs.ndim < 2 or (outputs.ndim == 2 and outputs.size(1) == 1):
        cure = "one score a class is needed, (B, classes); for one yes-or-no score use the objective Binary"
    elif targets.is_floating_point() and targets.shape == outputs.shape:
        cure = f"class probabilities are for the loss cross_entropy, not for {loss}; give class numbers"
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
    return DataError(f"Classification: {have}; {cure}")
