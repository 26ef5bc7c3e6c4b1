"""Area under the ROC curve, exactly, from ranks.

Shapes: N element, C class, L label.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from seedbed.batch import Batch
from seedbed.objectives.metrics.view import Metric, View, to_float64


class AUROC(Metric):
    """The chance that a positive scores above a negative; equal scores count half.

    Several classes: the plain mean of each class against the rest (two classes: class 1 against class 0), ranked by
    log-probability unless the scores are margins. Several labels: the plain mean over labels. Classes and labels
    without a positive or without a negative are left out; NaN if none is left, or if a score is NaN.

    Keeps every score until the end: 8 bytes an element and class.
    """

    accumulated = (
        "_scores",
        "_targets",
    )

    def __init__(self, view: View) -> None:
        self.view = view
        self._scores: list[Tensor] = []
        self._targets: list[Tensor] = []

    def update(self, outputs: Any, batch: Batch) -> None:
        scores, targets = self.view.read(outputs, batch)
        scores = to_float64(scores)
        if self.view.kind == "classes" and self.view.scores == "logits":
            scores = scores.log_softmax(1)
        self._scores.append(scores.clone())
        self._targets.append(targets.detach().clone())

    def compute(self) -> float:
        if not self._scores:
            return math.nan
        scores, targets = torch.cat(self._scores).cpu(), torch.cat(self._targets).cpu()
        if self.view.kind == "binary":
            return auroc(scores, targets >= 0.5)
        if self.view.kind == "labels":
            areas = [auroc(scores[:, label], targets[:, label] >= 0.5) for label in range(scores.size(1))]
        else:
            counts = targets >= 0
            scores, targets = scores[counts], targets[counts]
            classes = [1] if scores.size(1) == 2 else range(scores.size(1))
            areas = [auroc(scores[:, number], targets == number) for number in classes]
        if bool(scores.isnan().any()):
            return math.nan
        defined = [area for area in areas if not math.isnan(area)]
        return math.fsum(defined) / len(defined) if defined else math.nan


def auroc(scores_N: Tensor, positive_N: Tensor) -> float:
    """Area under the ROC curve of one score: the Mann–Whitney statistic with mean ranks for ties.

    Args:
        scores_N: (N,), float64 on the CPU.
        positive_N: (N,), bool.

    Returns:
        From 0 to 1; NaN without a positive, without a negative, or with a NaN score.
    """
    num_positive, num = int(positive_N.sum()), len(positive_N)
    num_negative = num - num_positive
    if not num_positive or not num_negative or bool(scores_N.isnan().any()):
        return math.nan
    _, group_N, sizes_G = scores_N.unique(sorted=True, return_inverse=True, return_counts=True)
    last_G = sizes_G.cumsum(0)
    # twice the mean rank of a group of equal scores is an integer: first rank + last rank
    double_rank_N = (2 * last_G - sizes_G + 1)[group_N]
    double_sum = int(double_rank_N[positive_N].sum())
    return (double_sum - num_positive * (num_positive + 1)) / (2 * num_positive * num_negative)
