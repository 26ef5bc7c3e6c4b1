"""Which trackers a config asks for, besides the console and the event log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedbed.config.schema import TensorBoard as TensorBoardSettings
from seedbed.config.schema import Tracking
from seedbed.config.schema import WandB as WandBSettings
from seedbed.rundir import RunDir
from seedbed.tracking.tracker import Tracker


def open_trackers(settings: Tracking, run: RunDir, resolved: Mapping[str, Any], name: str) -> list[Tracker]:
    """The trackers of a run.

    Args:
        settings: The config's tracking section.
        run: Where they write.
        resolved: The whole config, for those that show it.
        name: Name of the run.

    Raises:
        MissingExtraError: A tracker's package is not installed.
    """
    trackers: list[Tracker] = []
    if settings.tensorboard:
        from seedbed.tracking.tensorboard import TensorBoard

        trackers.append(TensorBoard(run.tensorboard, resolved if media_settings(settings).hparams else None))
    if settings.wandb:
        from seedbed.tracking.wandb import WandB

        wandb = settings.wandb if isinstance(settings.wandb, WandBSettings) else WandBSettings()
        trackers.append(WandB(run.wandb, resolved, project=wandb.project, name=name, mode=wandb.mode))
    return trackers


def media_settings(settings: Tracking) -> TensorBoardSettings:
    """How often pictures, histograms and the graph are shown."""
    return settings.tensorboard if isinstance(settings.tensorboard, TensorBoardSettings) else TensorBoardSettings()
