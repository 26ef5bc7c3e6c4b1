"""Means over elements or samples: perplexity, and any function ``fn(output, target)``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import TrainingError
from seedbed.objectives.metrics.view import Metric, View, to_float64


class Perplexity(Metric):
    """exp of the mean negative log-likelihood of the true class, over the elements that count."""

    accumulated = (
        "total",
        "count",
    )

    def __init__(self, view: View) -> None:
        self.view = view
        self.total: Tensor | None = None
        self.count: Tensor | int = 0

    def update(self, outputs: Any, batch: Batch) -> None:
        scores_NC, targets_N = self.view.read(outputs, batch)
        scores_NC, targets_N = scores_NC.detach().float(), targets_N.where(targets_N >= 0, -100)
        loss = F.nll_loss if self.view.scores == "log_probs" else F.cross_entropy
        total = to_float64(loss(scores_NC, targets_N, ignore_index=-100, reduction="none")).sum()
        self.total = total if self.total is None else self.total + total
        self.count = self.count + (targets_N >= 0).sum()

    def compute(self) -> float:
        count = int(self.count)
        if self.total is None or not count:
            return math.nan
        mean = float(self.total) / count
        return math.exp(mean) if mean < 709 else math.inf  # the largest exponent of a float64


class FunctionMean(Metric):
    """Mean of ``function(output, target)`` over samples; a short last batch weighs what it should.

    Args:
        function: Gives the mean over one batch, as a number or a tensor of one element.
        name: What it is called, for messages.
    """

    accumulated = (
        "_total",
        "count",
    )

    def __init__(self, function: Callable[[Any, Any], Any], name: str) -> None:
        self.function = function
        self.name = name
        self.count = 0
        self._total: Tensor | float = 0.0

    def update(self, outputs: Any, batch: Batch) -> None:
        value = self.function(outputs, batch.targets)
        if isinstance(value, Tensor):
            if value.numel() != 1:
                raise TrainingError(
                    f"the metric {self.name} gave a tensor of shape {tuple(value.shape)}; return one number a batch"
                )
            value = to_float64(value.reshape(()))
        else:
            try:
                value = float(value)
            except (TypeError, ValueError):
                kind = type(value).__name__
                raise TrainingError(f"the metric {self.name} gave a {kind}; return one number a batch") from None
        self._total = self._total + value * batch.num_samples
        self.count += batch.num_samples

    def compute(self) -> float:
        return float(self._total) / self.count if self.count else math.nan


def function_name(function: Callable[..., Any]) -> str:
    """``__name__`` of a function, of what a ``functools.partial`` wraps, or of a callable object's class."""
    wrapped = getattr(function, "func", function)
    if isinstance(wrapped, torch.nn.Module):
        return type(wrapped).__name__
    return str(getattr(wrapped, "__name__", type(wrapped).__name__))
