"""Which trackers a config asks for, besides the console and the event log."""

from __future__ import annotations

from typing import Any, Protocol

from seedbed.rundir import RunDir
from seedbed.tracking.tracker import Tracker


class Settings(Protocol):
    """The part of the config's tracking section that says who is told."""

    tensorboard: Any
    wandb: Any


def open_trackers(settings: Settings, run: RunDir) -> list[Tracker]:
    """The trackers of a run.

    Raises:
        MissingExtraError: A tracker's package is not installed.
    """
    trackers: list[Tracker] = []
    if settings.tensorboard:
        from seedbed.tracking.tensorboard import TensorBoard

        trackers.append(TensorBoard(run.tensorboard))
    if settings.wandb:
        from seedbed.tracking.wandb import WandB

        trackers.append(WandB(run.path))
    return trackers
