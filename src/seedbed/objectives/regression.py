"""Real values: squared, absolute or Huber error, or a Gaussian with its own variance.

Shapes: B sample, D values a sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import ConfigError, DataError
from seedbed.objectives.metrics.table import MetricSpec
from seedbed.objectives.metrics.view import View
from seedbed.objectives.task import Task, as_tensor, find_sample, widen

ValueLoss = Literal["mse", "l1", "huber", "gaussian_nll"]


class Regression(Task):
    """Real values, compared element by element; the mean is over all elements.

    Outputs and targets must have exactly the same shape, (B,), (B, D) or more: nothing broadcasts. For
    ``gaussian_nll`` the outputs' last dimension is twice the targets': the means, then the logarithms of the variances
    (outputs (B, 2) for targets (B,)). Integer and float64 targets are converted to the outputs' type.

    Args:
        loss: ``mse``, ``l1``, ``huber`` or ``gaussian_nll`` (Nix and Weigend 1994, without the constant).
        metrics: Names from ``METRICS``, or functions ``fn(output, target)``.
        delta: Where Huber's loss goes from squared to absolute, in the targets' unit.
    """

    def __init__(
        self, *, loss: ValueLoss = "mse", metrics: Sequence[MetricSpec] = ("mae",), delta: float = 1.0
    ) -> None:
        if loss not in ("mse", "l1", "huber", "gaussian_nll"):
            raise ConfigError(f"Regression has no loss {loss!r}; known are mse, l1, huber, gaussian_nll")
        if delta <= 0:
            raise ConfigError(f"Regression: delta must be above 0, not {delta}")
        super().__init__(metrics, "values")
        self.loss = loss
        self.delta = delta
        self.inverse: Callable[[Tensor], Tensor] | None = None

    def report_in_units(self, inverse: Callable[[Tensor], Tensor]) -> None:
        """Compute metrics and predictions in the targets' own unit, where the data come with normalised targets.

        Args:
            inverse: From the normalised values back, an increasing affine map; the target normaliser's ``inverse``.
        """
        self.inverse = inverse

    def measure(self, outputs: Any, batch: Batch) -> Tensor:
        outputs, targets = self._match(outputs, batch)
        if self.loss == "mse":
            return F.mse_loss(outputs, targets)
        if self.loss == "l1":
            return F.l1_loss(outputs, targets)
        if self.loss == "huber":
            return F.huber_loss(outputs, targets, delta=self.delta)
        mean, log_variance = split_gaussian(outputs, targets.shape)
        return 0.5 * (log_variance + (targets - mean) ** 2 * torch.exp(-log_variance)).mean()

    def weight(self, batch: Batch) -> int:
        return as_tensor(batch.targets, "targets", "Regression").numel()

    def _match(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        outputs = widen(as_tensor(outputs, "outputs", "Regression"))
        targets = as_tensor(batch.targets, "targets", "Regression")
        expected = gaussian_shape(targets.shape) if self.loss == "gaussian_nll" else targets.shape
        if outputs.shape != expected:
            raise explain_shapes(outputs, targets, tuple(expected))
        return outputs, targets.to(outputs.dtype)

    def check(self, outputs: Any, batch: Batch) -> None:
        _, targets = self._match(outputs, batch)
        wrong = ~torch.isfinite(targets)
        if bool(wrong.any()):
            raise DataError(
                f"Regression: the target of sample {find_sample(wrong, batch)} is {float(targets[wrong][0])}; "
                "drop or fill samples without a finite target"
            )

    def view(self) -> View:
        return View("values", self._read)

    def _read(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        outputs, targets = self._match(outputs, batch)
        if self.loss == "gaussian_nll":
            outputs, _ = split_gaussian(outputs, targets.shape)
        targets = batch.targets
        if self.inverse is not None:
            outputs, targets = self.inverse(outputs.detach()), self.inverse(targets)
        return outputs.reshape(len(targets), -1), targets.reshape(len(targets), -1)

    def predictions(self, outputs: Tensor) -> dict[str, Tensor]:
        """``value`` in the targets' shape; for ``gaussian_nll`` also ``std``."""
        inverse = self.inverse or (lambda values: values)
        if self.loss != "gaussian_nll":
            return {"value": inverse(outputs)}
        mean, log_variance = widen(outputs).chunk(2, -1)
        if mean.ndim == 2 and mean.size(1) == 1:
            mean, log_variance = mean.squeeze(1), log_variance.squeeze(1)
        std = torch.exp(0.5 * log_variance)
        return {"value": inverse(mean), "std": inverse(std) - inverse(torch.zeros_like(std))}


def gaussian_shape(shape: torch.Size) -> tuple[int, ...]:
    """Shape of the outputs that describe a Gaussian for targets of ``shape``."""
    return (*shape[:-1], 2 * shape[-1]) if len(shape) > 1 else (*shape, 2)


def split_gaussian(outputs: Tensor, shape: torch.Size) -> tuple[Tensor, Tensor]:
    """Means and logarithms of the variances, each of ``shape``."""
    mean, log_variance = outputs.chunk(2, -1)
    return mean.reshape(shape), log_variance.reshape(shape)


def explain_shapes(outputs: Tensor, targets: Tensor, expected: tuple[int, ...]) -> DataError:
    """Why these outputs and targets don't go together, and the likely cure."""
    have = f"outputs are {tuple(outputs.shape)}, targets are {tuple(targets.shape)}"
    if outputs.shape == (*targets.shape, 1):
        cure = "set squeeze=true on the model, or give the targets a last dimension of 1"
    elif targets.shape == (*outputs.shape, 1):
        cure = "drop the targets' last dimension, or keep the model's (squeeze=false)"
    else:
        cure = f"make the model's outputs {expected}"
    return DataError(f"Regression: {have}, and broadcasting them would compare the wrong pairs; {cure}")
