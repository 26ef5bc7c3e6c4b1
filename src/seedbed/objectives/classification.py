"""One class a sample: cross-entropy, negative log-likelihood or hinge.

Shapes: B sample, C class, N every element that has a class (B, or B times the spatial dimensions).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import ConfigError
from seedbed.objectives.metrics.table import MetricSpec
from seedbed.objectives.one_class import OneClass, Scores
from seedbed.objectives.task import as_tensor

ClassLoss = Literal["cross_entropy", "nll", "hinge"]
SCORES: dict[str, Scores] = {"cross_entropy": "logits", "nll": "log_probs", "hinge": "margins"}


class Classification(OneClass):
    """Exactly one class a sample, from one score a class.

    Outputs (B, C), or (B, C, d…) with one class a position; targets are class numbers (B,) or (B, d…) of any integer
    type, or for ``cross_entropy`` class probabilities of the outputs' shape. The mean is over the elements that are
    not ignored; with ``class_weights`` it is over their weights, as torch has it.

    Args:
        loss: ``cross_entropy`` (outputs are logits), ``nll`` (log-probabilities) or ``hinge`` (margins, torch's
            ``multi_margin_loss``; ``MultiClassHinge`` has more of it).
        metrics: Names from ``METRICS``, or functions ``fn(output, target)``.
        num_classes: C, if it shall be checked against the model's outputs.
        label_smoothing: Share of the target's probability that is spread over all classes.
        class_weights: One weight a class.
        ignore_index: Class number of elements that don't count; none by default.
    """

    class_weights: Tensor | None

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
        super().__init__(
            metrics,
            scores=SCORES[loss],
            num_classes=num_classes,
            ignore_index=ignore_index,
            takes_probabilities=loss == "cross_entropy",
        )
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.plain = loss == "cross_entropy" and class_weights is None and ignore_index is None
        weights = None if class_weights is None else torch.tensor(list(class_weights), dtype=torch.float32)
        self.register_buffer("class_weights", weights, persistent=False)

    def mean_loss(self, scores_NC: Tensor, targets_N: Tensor) -> Tensor:
        if self.plain:
            return F.cross_entropy(scores_NC, targets_N, label_smoothing=self.label_smoothing)
        weights = None if self.class_weights is None else self.class_weights.to(scores_NC.dtype)
        if self.loss == "hinge":
            return F.multi_margin_loss(scores_NC, targets_N, weight=weights)
        ignore = -100 if self.ignore_index is None else self.ignore_index
        smoothed = functools.partial(F.cross_entropy, label_smoothing=self.label_smoothing)
        loss = F.nll_loss if self.loss == "nll" else smoothed
        if targets_N.is_floating_point() or (self.ignore_index is None and weights is None):
            return loss(scores_NC, targets_N, weights, ignore_index=ignore)
        # a batch in which nothing counts would have the mean 0/0; its loss is 0 instead, and so are its gradients
        total = self._total(targets_N)
        if weights is None and not self.label_smoothing:
            mean = loss(scores_NC, targets_N, ignore_index=ignore)  # torch's own mean has zero gradients there
            return torch.where(total > 0, mean, 0.0)
        return loss(scores_NC, targets_N, weights, ignore_index=ignore, reduction="sum") / total.clamp(min=1e-30)

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
        if self.plain or self.loss == "hinge" or (self.ignore_index is None and self.class_weights is None):
            return targets.numel()
        try:
            return self._total(targets.long())
        except IndexError:
            assert self.class_weights is not None
            self.check_range(len(self.class_weights), batch)
            raise

    def check(self, outputs: Any, batch: Batch) -> None:
        super().check(outputs, batch)
        if self.class_weights is not None and len(self.class_weights) != outputs.size(1):
            raise ConfigError(
                f"Classification: {len(self.class_weights)} class_weights for a model with {outputs.size(1)} outputs; "
                "give one weight an output"
            )


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
    if loss not in SCORES:
        raise ConfigError(f"Classification has no loss {loss!r}; known are {', '.join(SCORES)}")
    if not 0 <= label_smoothing <= 1:
        raise ConfigError(f"Classification: label_smoothing must be from 0 to 1, not {label_smoothing}")
    if label_smoothing and loss != "cross_entropy":
        raise ConfigError(f"Classification: label_smoothing is for the loss cross_entropy, not for {loss}")
    if ignore_index is not None and loss == "hinge":
        raise ConfigError("Classification: ignore_index is for cross_entropy and nll, not for hinge")
    if class_weights is not None and (not class_weights or min(class_weights) < 0):
        raise ConfigError(f"Classification: class_weights must be numbers from 0 up, not {list(class_weights)}")
    if class_weights is not None and label_smoothing and min(class_weights) == 0:
        raise ConfigError(
            "Classification: label_smoothing gives a class of weight 0 a loss but no weight, so no mean is exact; "
            "give it a small weight, or leave its samples out with ignore_index"
        )
    if class_weights is not None and num_classes not in (None, len(class_weights)):
        raise ConfigError(f"Classification: {len(class_weights)} class_weights for num_classes={num_classes}")
