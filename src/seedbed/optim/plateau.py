"""The schedule that waits for a metric: the rate falls when the metric has not improved for a while."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch

from seedbed.errors import ConfigError


class Watched:
    """Finds the metric that a schedule waits for.

    Args:
        metric: Its name; None for ``val_loss``, or the training's ``loss`` where there is no validation.
        owner: Who waits, for the error message.
    """

    def __init__(self, metric: str | None, owner: str) -> None:
        self.metric = metric
        self.owner = owner
        self.name: str | None = metric

    def read(self, metrics: dict[str, float]) -> float | None:
        """The value; None if this is not an evaluation.

        Raises:
            ConfigError: The metrics are those of an evaluation, but the one that is waited for is not among them.
        """
        if self.metric is None:
            if "val_loss" in metrics:
                self.name = "val_loss"
            elif self.name is None and "loss" in metrics:
                self.name = "loss"
        if self.name in metrics:
            return float(metrics[self.name])
        if self.metric is not None and any(name.startswith("val_") for name in metrics):
            raise ConfigError(f"{self.owner} waits for {self.metric!r}, but the evaluation gives {', '.join(metrics)}")
        return None


class Plateau:
    """Times ``factor`` when ``metric`` has not improved for more than ``patience`` observations in a row.

    Computes what ``torch.optim.lr_scheduler.ReduceLROnPlateau`` computes. Only an ``observe`` that brings the metric
    counts, so patience is in evaluations.

    Args:
        optimizer: Whose rates to set.
        metric: Name in the metrics of an evaluation; None for ``val_loss``, or ``loss`` without validation data.
        mode: Whether smaller ("min") or larger ("max") is better.
        factor: What the rate is multiplied by, in (0, 1).
        patience: Observations without improvement that are let pass.
        threshold: Smallest relative change that counts as an improvement (absolute with ``threshold_mode="abs"``).
        threshold_mode: "rel" or "abs".
        cooldown: Observations after a reduction in which nothing is counted.
        min_lr: No rate falls below this.
        eps: A reduction smaller than this is not made.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        *,
        metric: str | None = None,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if mode not in ("min", "max"):
            raise ConfigError(f"schedule plateau: mode is {mode!r}; it is 'min' or 'max'")
        if threshold_mode not in ("rel", "abs"):
            raise ConfigError(f"schedule plateau: threshold_mode is {threshold_mode!r}; it is 'rel' or 'abs'")
        if not 0 < factor < 1:
            raise ConfigError(f"schedule plateau: factor is {factor}; it must lie between 0 and 1")
        self.optimizer = optimizer
        self.watched = Watched(metric, "schedule plateau")
        self.mode, self.factor, self.patience = mode, factor, patience
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.cooldown, self.min_lr, self.eps = cooldown, min_lr, eps
        self.best: float | None = None
        self.bad = 0
        self.cooling = 0
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])

    def apply(self, step: int) -> None:
        """Nothing: the rates change when a metric is observed."""

    def observe(self, epoch: int, metrics: dict[str, float]) -> None:
        """Count one evaluation.

        Raises:
            ConfigError: The metrics are those of an evaluation, but the one that is waited for is not among them.
        """
        before = self.watched.name
        value = self.watched.read(metrics)
        if value is None:
            return
        if before != self.watched.name:  # the first evaluation: what was counted before was another metric
            self.best, self.bad = None, 0
        if self._is_better(value):
            self.best, self.bad = value, 0
        else:
            self.bad += 1
        if self.cooling > 0:
            self.cooling, self.bad = self.cooling - 1, 0
        if self.bad > self.patience:
            self._reduce()
            self.cooling, self.bad = self.cooldown, 0

    def _is_better(self, value: float) -> bool:
        if self.best is None:
            return math.isfinite(value)
        if self.threshold_mode == "rel":
            margin = self.best * (1 - self.threshold if self.mode == "min" else 1 + self.threshold)
        else:
            margin = self.best - self.threshold if self.mode == "min" else self.best + self.threshold
        return value < margin if self.mode == "min" else value > margin

    def _reduce(self) -> None:
        for group in self.optimizer.param_groups:
            rate = max(group["lr"] * self.factor, self.min_lr)
            if group["lr"] - rate > self.eps:
                group["lr"] = float(rate)

    def state_dict(self) -> dict[str, Any]:
        """Best value, counters, and the rates that were reached."""
        rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        counters = {"best": self.best, "bad": self.bad, "cooling": self.cooling}
        return {"metric": self.watched.name, "rates": rates, **counters}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Put back what ``state_dict`` took."""
        self.watched.name = state_dict["metric"]
        self.best, self.bad, self.cooling = state_dict["best"], state_dict["bad"], state_dict["cooling"]
        for group, rate in zip(self.optimizer.param_groups, state_dict["rates"], strict=True):
            group["lr"] = float(rate)
