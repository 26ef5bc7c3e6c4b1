"""Which trackers a config asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seedbed.config.schema import TensorBoard as TensorBoardSettings
from seedbed.config.schema import Tracking, WandB
from seedbed.rundir import RunDir
from seedbed.tracking import wandb as wandb_module
from seedbed.tracking.choose import media_settings, open_trackers
from seedbed.tracking.tensorboard import TensorBoard


def test_without_settings_there_are_no_trackers(tmp_path: Path) -> None:
    assert open_trackers(Tracking(), RunDir(tmp_path), {}, "run") == []


def test_tensorboard_gets_the_config_unless_hparams_are_off(tmp_path: Path) -> None:
    for settings, kept in ((True, {"seed": 1}), (TensorBoardSettings(hparams=False), None)):
        (tracker,) = open_trackers(Tracking(tensorboard=settings), RunDir(tmp_path), {"seed": 1}, "run")
        assert isinstance(tracker, TensorBoard)
        assert tracker.folder == tmp_path / "tensorboard"
        assert tracker.settings == kept


def test_wandb_gets_project_name_and_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    monkeypatch.setattr(wandb_module, "WandB", lambda *args, **options: made.append((args, options)))
    run = RunDir(tmp_path / "digits" / "1")
    open_trackers(Tracking(wandb=WandB(project="p")), run, {"seed": 1}, "digits")
    assert made == [((run.wandb, {"seed": 1}), {"project": "p", "name": "digits", "mode": "offline"})]


def test_media_follow_the_settings_of_tensorboard() -> None:
    chosen = TensorBoardSettings(graph=False)
    assert media_settings(Tracking(tensorboard=chosen)) is chosen
    assert media_settings(Tracking(tensorboard=True)) == TensorBoardSettings()
