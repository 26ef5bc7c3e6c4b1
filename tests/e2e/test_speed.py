"""``trainer.speed``: measured once, recorded, and taken from the record ever after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from seedbed.fitting import fit
from seedbed.replay import reproduce
from seedbed.result import Options
from seedbed.run import resume, train
from seedbed.rundir import read_events
from seedbed.speed import settle as module
from seedbed.speed.choose import Numerics
from seedbed.speed.probe import Probed, Trial
from seedbed.verify import verify_resume


def quiet(out: Path, **options: Any) -> Options:
    return Options(out=out, console="silent", probe=False, **options)


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> list[Numerics]:
    """A measurement that always finds bf16; the list says how often it was made."""
    made: list[Numerics] = []

    def probe(plain: Any, state: Any, batches: Any, numerics: Numerics, **options: Any) -> Probed:
        made.append(numerics)
        chosen = Numerics(precision="bf16", threads=1)
        return Probed(numerics=chosen, trials=[Trial("precision=bf16", 0.002, 0.001, True)], seconds=0.1)

    monkeypatch.setattr(module, "probe", probe)
    return made


def recorded(run: Path) -> dict[str, Any]:
    trainer: dict[str, Any] = json.loads((run / "config.json").read_text())["trainer"]
    return trainer


def test_what_was_measured_is_recorded_and_not_measured_again(
    config: dict[str, Any], tmp_path: Path, probes: list[Numerics]
) -> None:
    config["trainer"]["speed"] = "auto"
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    result = train(config, (), quiet(straight))
    assert len(probes) == 1
    assert recorded(straight)["precision"] == "bf16"
    manifest = json.loads((straight / "manifest.json").read_text())
    assert manifest["speed"]["trials"][0]["ms"] == 1.0
    assert manifest["fingerprint"]["precision"] == "bf16"
    (event,) = [event for event in read_events(straight / "events.jsonl") if event["event"] == "speed"]
    assert event["chosen"]["precision"] == "bf16"
    assert "precision bf16" in event["text"]

    train(config, (), quiet(stopped, stop_after=25))
    assert len(probes) == 2
    assert train(config, (), quiet(stopped)).weights_sha256 == result.weights_sha256  # the same command again
    assert resume(stopped, (), quiet(stopped)).weights_sha256 == result.weights_sha256
    assert reproduce(straight).verdict == "EXACT"
    assert len(probes) == 2

    again = train(json.loads((straight / "config.json").read_text()), (), quiet(tmp_path / "again"))
    assert again.weights_sha256 == result.weights_sha256
    assert len(probes) == 2


def test_what_the_config_says_wins(config: dict[str, Any], tmp_path: Path) -> None:
    config["trainer"] |= {"speed": "auto", "precision": "fp32", "threads": 1, "steps": 5, "compile": "off"}
    run = tmp_path / "run"
    train(config, (), quiet(run))
    assert recorded(run)["precision"] == "fp32"
    assert recorded(run)["threads"] == 1


def test_exact_measures_nothing_and_is_the_default(
    config: dict[str, Any], tmp_path: Path, probes: list[Numerics]
) -> None:
    plain, exact = tmp_path / "plain", tmp_path / "exact"
    first = train(config, (), quiet(plain))
    config["trainer"] |= {"speed": "exact", "precision": "fp32", "compile": "off", "channels_last": False}
    assert train(config, (), quiet(exact)).weights_sha256 == first.weights_sha256
    assert not probes


def test_a_fit_is_measured_once_too(tmp_path: Path, probes: list[Numerics]) -> None:
    data = (torch.randn(40, 4), torch.randint(0, 2, (40,)))
    for epochs in (1, 1):
        torch.manual_seed(0)
        fit(torch.nn.Linear(4, 2), data, epochs=epochs, speed="auto", console="silent", out=tmp_path / "run")
    assert len(probes) == 1
    assert recorded(tmp_path / "run")["precision"] == "bf16"


def test_a_wish_that_cannot_be_fulfilled_is_told(config: dict[str, Any], tmp_path: Path) -> None:
    config["trainer"] |= {"cuda_graphs": True, "device": "cpu", "steps": 3}
    run = tmp_path / "run"
    train(config, (), quiet(run))
    said = [event["text"] for event in read_events(run / "events.jsonl") if event["event"] == "note"]
    assert [text for text in said if "trainer.cuda_graphs is left out: the training is on cpu" in text]
    assert json.loads((run / "manifest.json").read_text())["fingerprint"]["cuda_graphs"] is False


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
def test_a_compiled_training_is_stopped_and_taken_up_bit_for_bit(config: dict[str, Any], tmp_path: Path) -> None:
    config["trainer"] |= {"compile": "step", "epochs": 2}
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    result = train(config, (), quiet(straight))
    assert json.loads((straight / "manifest.json").read_text())["fingerprint"]["compile"] == "step"
    train(config, (), quiet(stopped, stop_after=25))
    assert resume(stopped, (), quiet(stopped)).weights_sha256 == result.weights_sha256


@pytest.mark.slow
def test_a_killed_training_takes_what_the_straight_one_measured(config: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    config["trainer"] |= {"speed": "auto", "epochs": 2}
    path.write_text(json.dumps(config))
    assert verify_resume(path, kills=1, seed=3).verdict == "EXACT"
