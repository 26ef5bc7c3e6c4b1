"""Metrics that count: accuracy, top-k, precision, recall, F1, the confusion matrix. Integers, so exact.

Shapes: N element, C class, L label.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from seedbed.batch import Batch
from seedbed.objectives.metrics.view import Metric, View

Average = Literal["default", "macro", "micro", "weighted", "per_class"]
Score = Literal["precision", "recall", "f1"]

SMALL, TOGETHER = 4096, 16384  # elements of the outputs of a batch that waits for others, and of those that wait


def decide(view: View, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor, int]:
    """Predicted and true class numbers (N,), or 0 and 1 a label (N, L); and the number of classes.

    A negative true class doesn't count.
    """
    scores, targets = view.read(outputs, batch)
    if view.kind == "classes":
        return scores.detach().argmax(1), targets, scores.size(1)
    return (scores.detach() > 0).long(), (targets >= 0.5).long(), 2


class Counts(Metric, ABC):
    """Counts of samples, which are the same however samples are put together: so small batches are counted together,
    because what a call costs is more than what they take.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self.counts: Any = None
        self._waiting: list[tuple[Tensor, Tensor, Any]] = []
        self._size = 0
        self._shapes: Any = None  # of a row of outputs and of targets that wait

    @abstractmethod
    def count(self, outputs: Any, batch: Batch) -> None:
        """Take in one batch, or several put together."""

    def update(self, outputs: Any, batch: Batch) -> None:
        targets = batch.targets
        if type(outputs) is not Tensor or type(targets) is not Tensor or outputs.numel() > SMALL or outputs.ndim == 0:
            self.settle()
            self.count(outputs, batch)
            return
        shapes = outputs.shape[1:], targets.shape[1:]
        if shapes != self._shapes:  # what waits has another shape
            self.settle()
            self._shapes = shapes
        self._waiting.append((outputs.detach(), targets, batch.indices))
        self._size += outputs.numel()
        if self._size >= TOGETHER:
            self.settle()

    def settle(self) -> None:
        """Count what waits."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        if not waiting:
            return
        outputs, targets, indices = zip(*waiting, strict=True)
        self.count(torch.cat(outputs), Batch(None, torch.cat(targets), np.concatenate(indices)))

    def state_dict(self) -> dict[str, Any]:
        self.settle()
        return super().state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._waiting, self._size = [], 0
        super().load_state_dict(state_dict)


class Share(Counts):
    """Share of elements that are right. Hits and elements are counted where they are: on a GPU they stay there."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.counts: list[int | Tensor] = [0, 0]

    @abstractmethod
    def hits(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Which elements are right, and which count (None: all); one that does not count is never right."""

    def count(self, outputs: Any, batch: Batch) -> None:
        hits, counting = self.hits(outputs, batch)
        right = torch.count_nonzero(hits)
        total = hits.numel() if counting is None else torch.count_nonzero(counting)
        self.counts = [self.counts[0] + number(right), self.counts[1] + number(total)]

    def compute(self) -> float:
        self.settle()
        hits, total = map(int, self.counts)
        return hits / total if total else math.nan


def number(count: Tensor | int) -> Tensor | int:
    """A count that the host can read without waiting as a number; one on a device as it is."""
    return int(count) if isinstance(count, Tensor) and count.device.type == "cpu" else count


class Accuracy(Share):
    """Share of elements whose class (or yes-or-no) is right; for labels, of all labels of all samples."""

    def hits(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor | None]:
        predicted, targets, _ = decide(self.view, outputs, batch)
        return predicted == targets, targets >= 0 if self.view.masked else None


class ExactMatch(Share):
    """Share of samples all of whose labels are right."""

    def hits(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor | None]:
        predicted, targets, _ = decide(self.view, outputs, batch)
        right = (predicted == targets).all(1)
        return right, None


class TopK(Share):
    """Share of elements whose class is among the k highest scores.

    Equal scores are ranked by class number, as argmax ranks them, so a model that says the same for every class does
    not get full marks; NaN is never a hit.
    """

    def __init__(self, view: View, k: int) -> None:
        super().__init__(view)
        self.k = k

    def hits(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor | None]:
        scores_NC, targets_N = self.view.read(outputs, batch)
        scores_NC, classes_C = scores_NC.detach(), torch.arange(scores_NC.size(1), device=scores_NC.device)
        true_N1 = targets_N.clamp(min=0).unsqueeze(1)
        score_N1 = scores_NC.gather(1, true_N1)
        above_NC = ~(scores_NC <= score_N1) | ((scores_NC == score_N1) & (classes_C < true_N1))
        # the class itself is not above itself, unless its score is NaN, which compares as nothing
        is_number_N = ~score_N1.isnan().squeeze(1)
        counts_N = targets_N >= 0
        return (above_NC.sum(1) < self.k) & is_number_N & counts_N, counts_N


class PrecisionRecallF1(Counts):
    """Precision, recall or F1.

    Averages: ``macro`` is the plain mean over the classes that occur in targets or predictions (over all labels for
    several labels), ``weighted`` weighs them by how often they occur in the targets, ``micro`` adds up the counts
    first, ``per_class`` gives a list. The default is macro; for one yes-or-no score it is the yes class alone. A ratio
    of nothing to nothing is 0, as in scikit-learn.
    """

    def __init__(self, view: View, score: Score, average: Average = "default") -> None:
        super().__init__(view)
        self.score = score
        self.average = average
        self.counts: Tensor | None = None  # (3, C): right, predicted, actual

    def count(self, outputs: Any, batch: Batch) -> None:
        predicted, targets, num_classes = decide(self.view, outputs, batch)
        if self.view.kind == "labels":
            rows = torch.stack([(predicted & targets).sum(0), predicted.sum(0), targets.sum(0)])
        else:
            rows = count_classes(predicted, targets, num_classes)
        self.counts = rows if self.counts is None else self.counts + rows

    def compute(self) -> float | list[float]:
        self.settle()
        if self.counts is None:
            return math.nan
        right, predicted, actual = self.counts.double().cpu()
        if self.average == "micro":
            return float(self._ratio(right.sum(), predicted.sum(), actual.sum()))
        each = self._ratio(right, predicted, actual)
        if self.average == "per_class":
            return [float(value) for value in each]
        if self.average == "default" and self.view.kind == "binary":
            return float(each[1])
        if self.average == "weighted":
            return float((each * actual).sum() / actual.sum()) if actual.sum() > 0 else math.nan
        occurs = (predicted + actual > 0) | (self.view.kind == "labels")
        return float(each[occurs].mean())

    def _ratio(self, right: Tensor, predicted: Tensor, actual: Tensor) -> Tensor:
        if self.score == "precision":
            below, above = predicted, right
        elif self.score == "recall":
            below, above = actual, right
        else:
            below, above = predicted + actual, 2 * right
        return torch.where(below > 0, above / below.clamp(min=1), 0.0)


class ConfusionMatrix(Counts):
    """Counts, row by true class and column by predicted class; a list of lists, for a report."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.counts: Tensor | None = None

    def count(self, outputs: Any, batch: Batch) -> None:
        predicted, targets, size = decide(self.view, outputs, batch)
        cells = torch.zeros(size * size, dtype=torch.int64, device=predicted.device)
        cells.index_add_(0, targets.clamp(min=0) * size + predicted, (targets >= 0).long())
        self.counts = cells if self.counts is None else self.counts + cells

    def compute(self) -> list[list[int]]:
        self.settle()
        if self.counts is None:
            return []
        size = math.isqrt(len(self.counts))
        table: list[list[int]] = self.counts.view(size, size).tolist()
        return table


def count_classes(predicted_N: Tensor, targets_N: Tensor, num_classes: int) -> Tensor:
    """(3, C): how often each class was right, predicted and actual, among elements that count."""
    counts_N = (targets_N >= 0).long()
    true_N = targets_N.clamp(min=0)
    rows = torch.zeros(3, num_classes, dtype=torch.int64, device=predicted_N.device)
    rows[0].index_add_(0, true_N, (predicted_N == targets_N).long())
    rows[1].index_add_(0, predicted_N, counts_N)
    rows[2].index_add_(0, true_N, counts_N)
    return rows
