"""Many seeds, read and not repeated when the command is given again, and compared in pairs."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seedbed.errors import ConfigError
from seedbed.result import Options
from seedbed.rundir import read_events
from seedbed.seeds import study_seeds

Write = Callable[[dict[str, Any]], Path]


def test_a_study_has_a_run_per_seed_goes_on_and_compares_in_pairs(
    config: dict[str, Any], write_config: Write, tmp_path: Path
) -> None:
    config["trainer"]["epochs"] = 1
    path, options = write_config(config), Options(root=tmp_path / "runs", console="silent")
    two = study_seeds(path, n=2, options=options)
    folder = Path(two.first.folder)
    before = (folder / "seed-7" / "events.jsonl").read_bytes()
    said: list[str] = []
    three = study_seeds(path, n=3, versus="optimizer.args.lr=0.02", options=options, say=said.append)
    assert (folder / "seed-7" / "events.jsonl").read_bytes() == before
    assert sorted(run.name for run in folder.iterdir()) == ["seed-7", "seed-8", "seed-9"]
    assert three.first.metrics[:2] == two.first.metrics
    assert len(said) == 6
    losses = [metrics["val_loss"] for metrics in three.first.metrics]
    found = three.first.estimates["val_loss"]
    assert found.mean == pytest.approx(statistics.mean(losses))
    assert found.std == pytest.approx(statistics.stdev(losses))
    assert three.comparisons["val_accuracy"].difference.n == 3
    assert three.comparisons["val_accuracy"].larger == 3
    with pytest.raises(ConfigError, match="nothing to compare"):
        study_seeds(path, n=1, versus=path, options=options)


def test_the_command_prints_tables_and_json(
    config: dict[str, Any], write_config: Write, seedbed: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    config["trainer"]["epochs"] = 1
    path = write_config(config)
    done = seedbed("seeds", path, "--n", 2)
    assert done.returncode == 0, done.stderr
    assert "95 % interval of the mean" in done.stdout
    again = seedbed("seeds", "-c", path, "--n", 2, "--json")
    study = json.loads(again.stdout)
    assert study["first"]["seeds"] == [7, 8]
    assert study["second"] is None
    events = list(read_events(Path(path).parent / study["first"]["folder"] / "seed-7" / "events.jsonl"))
    assert [event["event"] for event in events].count("end") == 1


def test_a_stack_that_was_killed_goes_on_and_ends_where_the_whole_one_does(
    config: dict[str, Any], write_config: Write, tmp_path: Path
) -> None:
    config["trainer"]["epochs"] = 100
    path = write_config(config)
    command = [sys.executable, "-m", "seedbed", "seeds", str(path), "--n", "3", "--stack", "--json", "--root"]
    process = subprocess.Popen([*command, "cut"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    saved = tmp_path / "cut"
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline and process.poll() is None:
        if len(list(saved.glob("**/checkpoints/step-*"))) >= 3:
            break
        time.sleep(0.01)
    process.kill()
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors
    ended = [run for run in saved.glob("**/events.jsonl") if any(e["event"] == "end" for e in read_events(run))]
    assert len(ended) < 3
    cut = json.loads(subprocess.run([*command, "cut"], cwd=tmp_path, capture_output=True, check=True).stdout)
    whole = json.loads(subprocess.run([*command, "whole"], cwd=tmp_path, capture_output=True, check=True).stdout)
    for one, other in zip(cut["first"]["metrics"], whole["first"]["metrics"], strict=True):
        assert one == pytest.approx(other, rel=1e-3, abs=1e-3)
