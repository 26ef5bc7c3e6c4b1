"""Errors of real values: MAE, MSE, RMSE and R², in float64.

Shapes: N sample, D values a sample.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

from seedbed.batch import Batch
from seedbed.objectives.metrics.view import Metric, View, to_float64


class MeanError(Metric):
    """Mean absolute error, mean squared error or its root, over all elements."""

    accumulated = (
        "total",
        "count",
    )

    def __init__(self, view: View, error: Literal["mae", "mse", "rmse"]) -> None:
        self.view = view
        self.error = error
        self.total: Tensor | None = None
        self.count = 0

    def update(self, outputs: Any, batch: Batch) -> None:
        values, targets = self.view.read(outputs, batch)
        difference = to_float64(values) - to_float64(targets)
        total = difference.abs().sum() if self.error == "mae" else difference.square().sum()
        self.total = total if self.total is None else self.total + total
        self.count += difference.numel()

    def compute(self) -> float:
        if self.total is None or not self.count:
            return math.nan
        mean = float(self.total) / self.count
        return math.sqrt(mean) if self.error == "rmse" else mean


class R2(Metric):
    """Coefficient of determination, 1 - residual / total sum of squares; the plain mean over the D values.

    The total sum of squares is updated batch by batch (Chan, Golub and LeVeque 1979) on targets shifted by the first
    one, so a large mean costs no digits. A constant target gives 1 where it is predicted exactly, else 0, as in
    scikit-learn. NaN for fewer than two samples.
    """

    accumulated = (
        "count",
        "_shift",
        "_mean",
        "_spread",
        "_residual",
    )

    def __init__(self, view: View) -> None:
        self.view = view
        self.count = 0
        self._shift: Tensor | None = None
        self._mean = self._spread = self._residual = torch.zeros((), dtype=torch.float64)

    def update(self, outputs: Any, batch: Batch) -> None:
        values, targets = self.view.read(outputs, batch)
        values, targets = to_float64(values), to_float64(targets)
        num = len(targets)
        if not num:
            return
        if self._shift is None:
            self._shift = targets[0].clone()
            self._mean = self._spread = self._residual = torch.zeros_like(self._shift)
        shifted = targets - self._shift
        mean = shifted.mean(0)
        step = mean - self._mean
        total = self.count + num
        self._spread = self._spread + (shifted - mean).square().sum(0) + step.square() * (self.count * num / total)
        self._mean = self._mean + step * (num / total)
        self._residual = self._residual + (values - targets).square().sum(0)
        self.count = total

    def compute(self) -> float:
        if self.count < 2:
            return math.nan
        residual, spread = self._residual.cpu(), self._spread.cpu()
        constant = torch.where(residual == 0, 1.0, 0.0).double()
        each = torch.where(spread > 0, 1 - residual / spread, constant)
        each = torch.where(residual.isnan() | spread.isnan(), torch.nan, each)
        return float(each.mean())
