"""Multi-class hinge: with a linear model, a support vector machine.

Shapes: B sample, C class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seedbed.batch import Batch, Outcome
from seedbed.errors import ConfigError
from seedbed.objectives.metrics.table import MetricSpec
from seedbed.objectives.one_class import OneClass
from seedbed.objectives.task import as_tensor

HingeKind = Literal["weston_watkins", "crammer_singer"]


class MultiClassHinge(OneClass):
    """The true class must score higher than the others by ``margin``.

    Outputs (B, C) are margins, targets (B,) class numbers; the mean is over samples. With s the scores and y the class:

    - ``weston_watkins``: ``sum over i ≠ y of max(0, margin - s_y + s_i)^p / C``, torch's ``multi_margin_loss``
      (Weston and Watkins, "Support vector machines for multi-class pattern recognition", 1999)
    - ``crammer_singer``: ``max(0, margin - s_y + max over i ≠ y of s_i)^p``
      (Crammer and Singer, "On the algorithmic implementation of multiclass kernel-based vector machines", 2001)

    Args:
        kind: Which of the two.
        margin: By how much.
        p: 1 for the hinge, 2 for its square.
        l2: Adds ``l2 / 2`` times the squared norm of the model's weights (not of biases and norms). scikit-learn's
            ``C`` over n samples is ``l2 = 1 / (C n)``.
        metrics: Names from ``METRICS``, or functions ``fn(output, target)``.
    """

    def __init__(
        self,
        *,
        kind: HingeKind = "weston_watkins",
        margin: float = 1.0,
        p: Literal[1, 2] = 1,
        l2: float = 0.0,
        metrics: Sequence[MetricSpec] = ("accuracy",),
    ) -> None:
        if kind not in ("weston_watkins", "crammer_singer"):
            raise ConfigError(f"MultiClassHinge has no kind {kind!r}; known are weston_watkins, crammer_singer")
        if p not in (1, 2):
            raise ConfigError(f"MultiClassHinge: p must be 1 or 2, not {p}")
        if margin <= 0 or l2 < 0:
            raise ConfigError(f"MultiClassHinge: margin ({margin}) must be above 0 and l2 ({l2}) not below 0")
        super().__init__(metrics, scores="margins")
        self.kind = kind
        self.margin = margin
        self.p = p
        self.l2 = l2

    def forward(self, model: nn.Module, batch: Batch) -> Outcome:
        outcome = super().forward(model, batch)
        if self.l2:
            weights = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
            outcome.loss = outcome.loss + 0.5 * self.l2 * sum(p.square().sum() for p in weights)
        return outcome

    def mean_loss(self, scores_NC: Tensor, targets_N: Tensor) -> Tensor:
        if self.kind == "weston_watkins":
            return F.multi_margin_loss(scores_NC, targets_N, p=self.p, margin=self.margin)
        true_N1 = targets_N.unsqueeze(1)
        others_NC = scores_NC.scatter(1, true_N1, -torch.inf)
        gap_N = self.margin - scores_NC.gather(1, true_N1).squeeze(1) + others_NC.amax(1)
        return gap_N.clamp(min=0).pow(self.p).mean()

    def weight(self, batch: Batch) -> int:
        return as_tensor(batch.targets, "targets", "MultiClassHinge").numel()
