"""What "best" means in a run: one metric, its direction, and when no improvement is a reason to stop."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from seedbed.errors import ConfigError
from seedbed.state import Progress


@dataclass(frozen=True)
class Monitor:
    """``key`` is to be as large (``maximise``) or as small as possible; a tie counts as an improvement."""

    key: str
    maximise: bool
    early_stop: int | None = None

    def __str__(self) -> str:
        return f"{'max' if self.maximise else 'min'} {self.key}"

    def observe(self, progress: Progress, metrics: Mapping[str, Any], step: int, epoch: int) -> bool:
        """Take note of an evaluation; True if it is the best so far. A NaN is never an improvement."""
        value = float(metrics[self.key])
        best = progress.best
        better = not math.isnan(value) and (best is None or (value >= best if self.maximise else value <= best))
        if better:
            progress.best, progress.best_step, progress.best_epoch = value, step, epoch
            progress.epochs_without_improvement = 0
        else:
            progress.epochs_without_improvement += 1
        return better

    def should_stop(self, progress: Progress) -> bool:
        """Whether there were more than ``early_stop`` evaluations in a row without improvement."""
        return self.early_stop is not None and progress.epochs_without_improvement > self.early_stop


def make_monitor(text: str, keys: Collection[str], early_stop: int | None) -> Monitor | None:
    """Read ``trainer.monitor``: "auto", "off", "min KEY" or "max KEY".

    Args:
        keys: The numbers that this run will have after an evaluation.

    Raises:
        ConfigError: No evaluation of this run gives the key.
    """
    if text == "off":
        return None
    if text == "auto":
        return Monitor("val_loss" if "val_loss" in keys else "loss", maximise=False, early_stop=early_stop)
    mode, _, key = text.partition(" ")
    key = key.strip()
    if key not in keys:
        near = difflib.get_close_matches(key, keys, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ";"
        if f"val_{key}" in keys:
            hint = f"; did you mean 'val_{key}'? (training metrics need evaluate.train_metrics=true)"
        raise ConfigError(f"trainer.monitor: this run has no metric {key!r}{hint} It has: {', '.join(sorted(keys))}")
    return Monitor(key, maximise=mode == "max", early_stop=early_stop)
