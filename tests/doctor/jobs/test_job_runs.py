"""Findings in real trainings: in the events, once, without a changed bit; errors end the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from seedbed.cli.main import cli
from seedbed.errors import TrainingError
from seedbed.result import Options
from seedbed.run import train

Job = Callable[..., Path]
NORMED = """
class Model(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 10))
"""
BLIND = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.head = nn.Linear(64, 16), nn.Linear(16, 10)

    def forward(self, x):
        return self.head(torch.zeros(len(x), 16))
"""
DIVERGING = {
    "optimizer": {"type": "SGD", "args": {"lr": 3.0}},
    "trainer": {"epochs": 12, "threads": 1},
    "data": {"args": {"batch_size": 128}},
}


def options(folder: Path, **more: Any) -> Options:
    return Options(out=folder, console="silent", **more)


def found(folder: Path) -> list[str]:
    """Codes of the findings in a run's events, in order."""
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return [event["code"] for event in events if event["event"] == "finding"]


@pytest.mark.parametrize("code", ["", NORMED])
def test_looking_first_changes_no_bit_of_the_training(code: str, job: Job, tmp_path: Path) -> None:
    path = job({"trainer": {"epochs": 2, "threads": 1}, "ema": {"decay": 0.9}}, code)
    before = torch.get_rng_state()
    with_probe = train(path, options=options(tmp_path / "a"))
    torch.set_rng_state(before)
    without = train(path, options=options(tmp_path / "b", probe=False))
    assert with_probe.weights_sha256 == without.weights_sha256
    assert with_probe.metrics == without.metrics


def test_a_finding_is_an_event_with_its_numbers(job: Job, tmp_path: Path) -> None:
    train(job({"data": {"args": {"limit": 200}}}), options=options(tmp_path / "run"))
    events = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    (event,) = [event for event in events if event["event"] == "finding"]
    assert (event["code"], event["severity"], event["evidence"]) == ("SB813", "hint", {"samples": 200})
    assert event["message"].startswith(event["title"])


def test_an_error_ends_the_run_unless_its_code_is_allowed(job: Job, tmp_path: Path) -> None:
    short = {"trainer": {"epochs": 1, "threads": 1}}
    with pytest.raises(TrainingError, match="SB520"):
        train(job(short, BLIND), options=options(tmp_path / "a"))
    assert found(tmp_path / "a")[0] == "SB520"
    allowed = {**short, "allow": ["SB520", "SB147"]}
    assert train(job(allowed, BLIND), options=options(tmp_path / "b")).status == "finished"
    assert found(tmp_path / "b") == []


def test_a_diverging_training_is_told_once_also_across_a_stop(job: Job, tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    train(job(DIVERGING), options=options(whole, probe=False))
    assert len(found(whole)) >= 1
    assert len(set(found(whole))) == len(found(whole))
    train(job(DIVERGING), options=options(parted, probe=False, stop_after=70))
    assert train(job(DIVERGING), options=options(parted, probe=False)).status == "finished"
    assert found(parted) == found(whole)


def test_a_usual_training_has_nothing_to_tell(job: Job, tmp_path: Path) -> None:
    train(job({"trainer": {"epochs": 6, "threads": 1}}), options=options(tmp_path / "run"))
    assert found(tmp_path / "run") == []


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_the_doctor_reads_a_config_in_every_format(form: str, job: Job) -> None:
    path = job({"lr_scheduler": {"type": "cosine", "args": {"warmup_steps": 900}}})
    done = CliRunner().invoke(cli, ["doctor", "--format", form, str(path)])
    assert done.exit_code == 1, done.output
    assert "SB801" in done.output
    if form == "json":
        (finding,) = json.loads(done.stdout)["findings"]
        assert finding["file"] == str(path)
        assert finding["where"] == "lr_scheduler.args.warmup_steps"


def test_the_doctor_is_content_with_a_good_config_and_with_what_it_is_told_to_change(job: Job) -> None:
    path = job()
    assert CliRunner().invoke(cli, ["doctor", str(path)]).exit_code == 0
    changed = CliRunner().invoke(cli, ["doctor", str(path), "optimizer.args.lr=5"])
    assert changed.exit_code == 1
    assert "SB121" in changed.output


def test_the_line_of_a_finding_is_that_of_its_key(tmp_path: Path) -> None:
    from seedbed.doctor.jobs.examine import find_line

    json_lines = ['{"model": {"args": {"lr": 1}},', ' "optimizer": {', '  "args": {', '   "lr": 3}}}']
    assert find_line(json_lines, "optimizer.args.lr") == 4
    yaml_lines = ["model:", "  args: {width: 3}", "optimizer:", "  args:", "    lr: 3"]
    assert find_line(yaml_lines, "optimizer.args.lr") == 5
    assert find_line(yaml_lines, "trainer.epochs") == 1
