"""Any class of ``torch.optim.lr_scheduler`` as a schedule: stepped after every epoch, or after every update."""

from __future__ import annotations

import copy
import inspect
import math
import warnings
from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch.optim import lr_scheduler

from seedbed.errors import ConfigError
from seedbed.optim.plateau import Watched

OURS_INSTEAD = {
    "LambdaLR": "a schedule by name (cosine, polynomial, …)",
    "MultiplicativeLR": "exponential",
    "SequentialLR": "cosine or wsd with warmup_steps",
    "ChainedScheduler": "cosine or wsd with warmup_steps",
}


class TorchSchedule:
    """Steps a torch scheduler when its time has come.

    Args:
        optimizer: Whose rates to set.
        cls: The scheduler's class.
        args: Its keyword arguments, without the optimizer.
        interval: Whether its ``step()`` comes after every epoch (torch's custom) or after every update.
        steps_per_epoch: Updates that make up an epoch; if None, epochs are counted by ``observe``.
        metric: For ReduceLROnPlateau: the name of what it watches; None for ``val_loss``, or ``loss`` without
            validation data.

    Raises:
        ConfigError: The class takes functions or other schedulers, or refuses its arguments.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        cls: type[lr_scheduler.LRScheduler],
        args: Mapping[str, Any] | None = None,
        *,
        interval: Literal["step", "epoch"] = "epoch",
        steps_per_epoch: int | None = None,
        metric: str | None = None,
    ) -> None:
        if cls.__name__ in OURS_INSTEAD:
            raise ConfigError(
                f"lr_scheduler {cls.__name__} takes functions or other schedulers, which a config can't hold; "
                f"use {OURS_INSTEAD[cls.__name__]}"
            )
        self.optimizer, self.interval, self.steps_per_epoch = optimizer, interval, steps_per_epoch
        self.watched = Watched(metric, f"lr_scheduler {cls.__name__}")
        try:
            inspect.signature(cls).bind(optimizer, **(args or {}))
            self.scheduler = cls(optimizer, **(args or {}))
        except (TypeError, ValueError, RuntimeError, LookupError, ArithmeticError, AttributeError) as error:
            raise ConfigError(
                f"lr_scheduler {cls.__name__} refuses its arguments {dict(args or {})}: {error}"
            ) from error
        self._initial = self._values()
        self._floats()

    def apply(self, step: int) -> None:
        """Step the scheduler as often as ``step`` updates ask for."""
        if isinstance(self.scheduler, lr_scheduler.ReduceLROnPlateau):
            return
        if self.interval == "step":
            self._advance(step)
        elif self.steps_per_epoch is not None:
            self._advance(step // self.steps_per_epoch)

    def observe(self, epoch: int, metrics: dict[str, float]) -> None:
        """Show the metric to a scheduler that waits for one; count the epoch where nothing else does.

        Args:
            epoch: How many epochs are done.
            metrics: What was measured at its end.
        """
        if not isinstance(self.scheduler, lr_scheduler.ReduceLROnPlateau):
            if self.interval == "epoch" and self.steps_per_epoch is None:
                self._advance(epoch)
            return
        before = self.watched.name
        value = self.watched.read(metrics)
        if value is None:
            return
        if before != self.watched.name:  # the first evaluation: what was counted before was another metric
            self.scheduler.best = math.inf if self.scheduler.mode == "min" else -math.inf
            self.scheduler.num_bad_epochs = 0
        self.scheduler.step(value)
        self._floats()

    def _advance(self, count: int) -> None:
        if self.scheduler.last_epoch >= count:
            return
        with warnings.catch_warnings():
            # torch warns if the very first update was skipped by the loss scaler
            warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
            while self.scheduler.last_epoch < count:
                self._step(count)
        self._floats()

    def _step(self, count: int) -> None:
        try:
            self.scheduler.step()
        except ValueError as error:
            name = type(self.scheduler).__name__
            raise ConfigError(f"lr_scheduler {name} can't go on after {count} {self.interval}s: {error}") from error

    def _floats(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = float(group["lr"])

    def _values(self) -> dict[str, Any]:
        """The scheduler's own plain numbers; what else it holds comes from its arguments."""
        return {k: copy.copy(v) for k, v in self.scheduler.state_dict().items() if _is_plain(v)}

    def state_dict(self) -> dict[str, Any]:
        """What has changed since it was made, and the rates that were reached."""
        changed = {k: v for k, v in self._values().items() if k not in self._initial or self._initial[k] != v}
        rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        return {"metric": self.watched.name, "changed": changed, "rates": rates}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Put back what ``state_dict`` took."""
        self.watched.name = state_dict["metric"]
        self.scheduler.load_state_dict({**copy.deepcopy(self._initial), **copy.deepcopy(state_dict["changed"])})
        for group, rate in zip(self.optimizer.param_groups, state_dict["rates"], strict=True):
            group["lr"] = float(rate)


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str)
