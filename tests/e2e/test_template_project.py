"""A project in pytorch-template's layout, as its owner has it: it trains, resumes and converts without a change."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seedbed.checkpoint.store import list_checkpoints
from seedbed.config.load import load_config
from seedbed.errors import ConfigError
from seedbed.result import Options, Result
from seedbed.run import resume, train
from seedbed.rundir import read_events

pytestmark = pytest.mark.slow
PROJECT = Path(__file__).parents[1] / "data" / "template_project"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project; the current folder is its own, as its owner's is."""
    return Path(shutil.copytree(PROJECT, tmp_path / "project"))


def change(project: Path, **sections: dict[str, Any]) -> Path:
    """The project's config with changes in its own words."""
    path = project / "config.json"
    content = json.loads(path.read_text())
    for section, values in sections.items():
        content[section] = {**content[section], **values} if section == "trainer" else values
    path.write_text(json.dumps(content))
    return path


def run(config: Path, out: Path, *overrides: str, **options: Any) -> Result:
    return train(config, overrides, Options(out=out, console="silent", **options))


def epochs(run: str | Path) -> list[dict[str, Any]]:
    return [event for event in read_events(Path(run) / "events.jsonl") if event["event"] == "epoch"]


def test_it_trains_as_it_is_with_its_flags_and_into_its_folder(project: Path, seedbed: Run) -> None:
    done = seedbed(
        "train", "-c", "project/config.json", "-d", "cpu", "--lr", "0.01", "--bs", "128", "--json", "-q",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["epoch"] == 3
    assert result["run"].startswith("saved/")
    assert {"loss", "val_loss", "val_accuracy", "val_top_k_acc"} <= set(result["metrics"])
    assert result["metrics"]["val_accuracy"] > 0.6
    assert result["best"]["monitor"] == "min val_loss"
    resolved = json.loads((project.parent / result["run"] / "config.json").read_text())
    assert resolved["optimizer"]["args"]["lr"] == 0.01
    assert resolved["data"]["args"]["batch_size"] == 128
    assert resolved["seed"] == 123


def test_the_split_is_the_one_that_its_loader_makes(project: Path, tmp_path: Path) -> None:
    result = run(project / "config.json", tmp_path / "run", "trainer.epochs=1")
    start = next(iter(read_events(Path(result.run) / "events.jsonl")))
    assert start["train_samples"] == 1437 - 143


def test_dash_r_goes_on_with_the_same_bits(project: Path, tmp_path: Path, seedbed: Run) -> None:
    straight = run(project / "config.json", tmp_path / "straight")
    stopped = tmp_path / "stopped"
    stopped.mkdir()
    (stopped / "STOP").touch()
    assert run(project / "config.json", stopped).status == "interrupted"
    done = seedbed("train", "-c", "project/config.json", "-r", stopped, "--json", "-q")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["weights_sha256"] == straight.weights_sha256


def test_save_period_counts_epochs_and_the_best_is_saved_whenever_it_happens(project: Path, tmp_path: Path) -> None:
    config = change(project, trainer={"epochs": 4, "save_period": 3})
    result = run(config, tmp_path / "run")
    saves = [event for event in read_events(Path(result.run) / "events.jsonl") if event["event"] == "save"]
    best = [epoch["epoch"] for epoch in epochs(result.run) if epoch["best"]]
    assert [event["epoch"] for event in saves if event["reason"] == "best"] == best
    assert result.best is not None
    assert (Path(result.run) / result.best["checkpoint"]) in list_checkpoints(Path(result.run) / "checkpoints")


def test_ties_are_improvements_and_patience_counts_as_theirs(project: Path, tmp_path: Path) -> None:
    still = {"type": "SGD", "args": {"lr": 0.0}}
    config = change(project, optimizer=still, trainer={"epochs": 5, "monitor": "max val_accuracy", "early_stop": 1})
    assert run(config, tmp_path / "ties").status == "finished"
    worse = {"type": "SGD", "args": {"lr": 0.01}}
    config = change(project, optimizer=worse, trainer={"epochs": 9, "monitor": "max val_loss", "early_stop": 2})
    stopped = run(config, tmp_path / "worse")
    # the first epoch is the best; after more than two without improvement it stops
    assert (stopped.status, stopped.epoch) == ("early_stopped", 4)


def test_monitor_off_trains_to_the_end(project: Path, tmp_path: Path) -> None:
    config = change(project, trainer={"monitor": "off", "epochs": 2})
    result = run(config, tmp_path / "run")
    assert result.best is None
    assert result.status == "finished"


def test_a_monitor_of_their_metrics_is_known_and_a_wrong_one_is_an_error_before_training(
    project: Path, tmp_path: Path
) -> None:
    config = change(project, trainer={"monitor": "max val_top_k_acc", "epochs": 1})
    assert run(config, tmp_path / "run").best is not None
    config = change(project, trainer={"monitor": "max val_acc", "epochs": 1})
    with pytest.raises(ConfigError, match="val_accuracy"):
        run(config, tmp_path / "other")
    assert not (tmp_path / "other" / "events.jsonl").exists()


def test_reduce_on_plateau_works(project: Path, tmp_path: Path) -> None:
    plateau = {"type": "ReduceLROnPlateau", "args": {"mode": "max", "factor": 0.5, "patience": 0}}
    config = change(project, lr_scheduler=plateau, trainer={"epochs": 4})
    rates = [epoch["lr"] for epoch in epochs(run(config, tmp_path / "run").run)]
    assert rates[0] == pytest.approx(0.003)
    assert rates[-1] < rates[0]


def test_the_converted_config_is_the_same_training(project: Path, seedbed: Run, tmp_path: Path) -> None:
    done = seedbed("config", "convert", "project/config.json", "-o", "project/new.json")
    assert done.returncode == 0, done.stderr
    assert load_config(project / "new.json", []).notes == []
    short = ("trainer.epochs=1", "trainer.steps=4")
    old, new = (run(project / name, tmp_path / name, *short) for name in ("config.json", "new.json"))
    assert old.weights_sha256 == new.weights_sha256


def test_a_run_of_it_can_be_resumed_from_its_folder_alone(project: Path, tmp_path: Path) -> None:
    straight = run(project / "config.json", tmp_path / "straight")
    (tmp_path / "stopped").mkdir()
    (tmp_path / "stopped" / "STOP").touch()
    run(project / "config.json", tmp_path / "stopped")
    assert resume(tmp_path / "stopped", (), Options(console="silent")).weights_sha256 == straight.weights_sha256
