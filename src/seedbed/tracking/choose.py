"""Which trackers a config asks for, besides the console and the event log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from seedbed.config.schema import TensorBoard as TensorBoardSettings
from seedbed.config.schema import WandB as WandBSettings
from seedbed.rundir import RunDir
from seedbed.tracking.tracker import Tracker


class Settings(Protocol):
    """The part of the config's tracking section that says who is told."""

    tensorboard: Any
    wandb: Any


def open_trackers(settings: Settings, run: RunDir, config: Mapping[str, Any] | None = None) -> list[Tracker]:
    """The trackers of a run.

    Args:
        settings: The config's tracking section.
        run: Where they write.
        config: The resolved config, which they show next to the numbers.

    Raises:
        MissingExtraError: A tracker's package is not installed.
    """
    trackers: list[Tracker] = []
    if settings.tensorboard:
        from seedbed.tracking.tensorboard import TensorBoard

        hparams = not isinstance(settings.tensorboard, TensorBoardSettings) or settings.tensorboard.hparams
        trackers.append(TensorBoard(run.tensorboard, config if hparams else None))
    if settings.wandb:
        from seedbed.tracking.wandb import WandB

        chosen = settings.wandb if isinstance(settings.wandb, WandBSettings) else WandBSettings()
        name = f"{run.path.parent.name}/{run.path.name}"
        trackers.append(WandB(run.wandb, config, project=chosen.project, name=name, mode=chosen.mode))
    return trackers


def media_settings(settings: Settings) -> TensorBoardSettings | None:
    """How often to show what is not a number; None if nobody looks at it."""
    if isinstance(settings.tensorboard, TensorBoardSettings):
        return settings.tensorboard
    return TensorBoardSettings() if settings.tensorboard or settings.wandb else None
