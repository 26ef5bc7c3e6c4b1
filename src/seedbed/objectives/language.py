"""Language modelling: the next token at every position.

Shapes: B sample, T position, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import DataError
from seedbed.objectives.metrics.table import MetricSpec
from seedbed.objectives.metrics.view import View
from seedbed.objectives.task import Task, as_tensor, find_sample, widen


class LanguageModeling(Task):
    """Cross-entropy over tokens.

    Outputs (B, T, V) are logits; targets (B, T) are the tokens to predict at each position (already shifted by one) of
    any integer type. The mean is over the tokens that are not ignored, over all sequences alike.

    Args:
        metrics: Names from ``METRICS``, or functions ``fn(output, target)``.
        ignore_index: Token number that doesn't count, for padding; None if every token counts.
    """

    def __init__(self, *, metrics: Sequence[MetricSpec] = ("perplexity",), ignore_index: int | None = -100) -> None:
        super().__init__(metrics, "classes")
        self.ignore_index = ignore_index

    def measure(self, outputs: Any, batch: Batch) -> Tensor:
        logits_NV, targets_N = self._flatten(outputs, batch)
        try:
            if self.ignore_index is None:
                return F.cross_entropy(widen(logits_NV), targets_N)
            mean = F.cross_entropy(widen(logits_NV), targets_N, ignore_index=self.ignore_index)
        except IndexError:  # a token out of range in a later batch, on the CPU
            self._check_range(outputs.size(-1), batch)
            raise
        # nothing but padding: torch's mean is 0/0 with zero gradients; the loss is 0, and the weight as well
        return torch.where((targets_N != self.ignore_index).any(), mean, 0.0)

    def weight(self, batch: Batch) -> int | Tensor:
        targets = as_tensor(batch.targets, "targets", "LanguageModeling")
        if self.ignore_index is None:
            return targets.numel()
        return (targets != self.ignore_index).sum()

    def _flatten(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        """Logits (N, V) and targets (N,)."""
        logits = as_tensor(outputs, "outputs", "LanguageModeling")
        targets = as_tensor(batch.targets, "targets", "LanguageModeling")
        if logits.ndim != 3 or targets.shape != logits.shape[:2] or targets.is_floating_point():
            raise DataError(
                f"LanguageModeling: outputs are {tuple(logits.shape)}, targets are {tuple(targets.shape)} of "
                f"{targets.dtype}; outputs must be (B, T, vocabulary) and targets token numbers (B, T)"
            )
        return logits.flatten(0, 1), targets.flatten().long()

    def check(self, outputs: Any, batch: Batch) -> None:
        self._flatten(outputs, batch)
        self._check_range(outputs.size(-1), batch)

    def _check_range(self, vocabulary: int, batch: Batch) -> None:
        targets = batch.targets.long()
        wrong = (targets < 0) | (targets >= vocabulary)
        if self.ignore_index is not None:
            wrong &= targets != self.ignore_index
        if bool(wrong.any()):
            raise DataError(
                f"LanguageModeling: sample {find_sample(wrong, batch)} has the token {int(targets[wrong][0])}, but the "
                f"model's vocabulary has {vocabulary} (0 to {vocabulary - 1}); make it as large as the tokenizer's"
            )

    def view(self) -> View:
        return View("classes", self._read, masked=True)

    def _read(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        logits_NV, targets_N = self._flatten(outputs, batch)
        if self.ignore_index is None:
            return logits_NV, targets_N
        return logits_NV, targets_N.where(targets_N != self.ignore_index, -1)

    def predictions(self, outputs: Tensor) -> dict[str, Tensor]:
        """``next_token`` (B,), the likeliest after the last position, and its ``probability`` (B,)."""
        probability, token = widen(outputs[:, -1]).softmax(-1).max(-1)
        return {"next_token": token, "probability": probability}
