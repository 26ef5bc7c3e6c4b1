"""Training from a config to its run folder: what is written, what is printed, and every way to go on."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from seedbed.errors import ConfigError, TrainingError
from seedbed.result import Options, Result
from seedbed.run import resume, train
from seedbed.rundir import read_events

Run = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[[dict[str, Any]], Path]
VOLATILE = {"time", "seconds", "samples_per_second", "run"}


def quiet(out: Path, **options: Any) -> Options:
    return Options(out=out, console="silent", **options)


def facts(run: Path) -> list[dict[str, Any]]:
    """The events of a run without clocks, and without the notes that it was taken up again."""
    events = read_events(run / "events.jsonl")
    return [
        {key: value for key, value in event.items() if key not in VOLATILE}
        for event in events
        if event["event"] not in {"resume", "signal"} and event.get("reason") != "stop"
    ]


def same(a: Result, b: Result) -> bool:
    keys = ("status", "epoch", "step", "metrics", "best", "weights_sha256")
    return all(getattr(a, key) == getattr(b, key) for key in keys)


def test_the_last_line_of_json_output_is_the_whole_result(
    config: dict[str, Any], write_config: Write, seedbed: Run
) -> None:
    done = seedbed("train", "-c", write_config(config), "--out", "run", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert list(result) == ["run", "status", "epoch", "step", "metrics", "best", "weights_sha256", "seconds"]
    assert result["status"] == "finished"
    assert result["epoch"] == 3
    assert result["metrics"]["test_accuracy"] > 0.5
    assert "epoch 3/3" in done.stderr


def test_the_run_folder_says_what_made_it(config: dict[str, Any], tmp_path: Path) -> None:
    result = train(config, (), quiet(tmp_path / "run"))
    run = Path(result.run)
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["seed"] == 7
    assert manifest["fingerprint"]["torch"] == torch.__version__
    assert manifest["data"]["train_digest"].startswith("xxh3-128:")
    assert {"numpy", "torch"} <= set(manifest["packages"])
    again = train(json.loads((run / "config.json").read_text()), (), quiet(tmp_path / "again"))
    assert again.weights_sha256 == result.weights_sha256


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(config: dict[str, Any], tmp_path: Path) -> None:
    first = train(config, (), quiet(tmp_path / "a"))
    second = train(config, (), quiet(tmp_path / "b"))
    other = train(config, ["seed=8"], quiet(tmp_path / "c"))
    assert same(first, second)
    assert facts(tmp_path / "a") == facts(tmp_path / "b")
    assert (tmp_path / "a" / "trace.bin").read_bytes() == (tmp_path / "b" / "trace.bin").read_bytes()
    assert other.weights_sha256 != first.weights_sha256


@pytest.mark.parametrize(
    "change",
    [
        {"evaluate": {"every_steps": 5}},
        {"evaluate": {"every_epochs": 2}},
        {"checkpoint": {"every_steps": 3, "keep_last": 1}},
        {"tracking": {"log_every": 1, "tensorboard": True}},
    ],
    ids=["evaluate by steps", "evaluate rarely", "save often", "log everything"],
)
def test_looking_does_not_change_the_weights(config: dict[str, Any], tmp_path: Path, change: dict[str, Any]) -> None:
    plain = train(config, (), quiet(tmp_path / "plain"))
    watched = train({**config, **change}, (), quiet(tmp_path / "watched"))
    assert watched.weights_sha256 == plain.weights_sha256


def test_a_stop_file_saves_and_resuming_gives_the_bits_of_the_uninterrupted_run(
    config: dict[str, Any], tmp_path: Path
) -> None:
    config["tracking"] = {"log_every": 4}
    straight = train(config, (), quiet(tmp_path / "straight"))
    run = tmp_path / "stopped"
    run.mkdir()
    for _ in range(3):
        (run / "STOP").touch()
        stopped = train(config, (), quiet(run))
        assert stopped.status == "interrupted"
    finished = resume(run, (), Options(console="silent"))
    assert same(finished, straight)
    assert facts(run) == facts(tmp_path / "straight")
    assert (run / "trace.bin").read_bytes() == (tmp_path / "straight" / "trace.bin").read_bytes()


def test_interrupting_saves_says_how_to_go_on_and_leaves_with_130(
    config: dict[str, Any], write_config: Write, seedbed: Run, tmp_path: Path
) -> None:
    config["trainer"]["epochs"] = 500
    path = write_config(config)
    process = subprocess.Popen(
        [sys.executable, "-m", "seedbed", "train", "-c", str(path), "--out", "run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "run" / "checkpoints").is_dir() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "seedbed resume run" in errors
    listed = json.loads(seedbed("runs", ".", "--json").stdout)["runs"]
    assert [row["status"] for row in listed] == ["interrupted"]


def test_a_killed_run_goes_on_when_the_same_command_is_given_again(
    config: dict[str, Any], write_config: Write, seedbed: Run, tmp_path: Path
) -> None:
    config["trainer"]["epochs"] = 12
    path = write_config(config)
    straight = train(config, (), quiet(tmp_path / "straight"))
    command = [sys.executable, "-m", "seedbed", "train", "-c", str(path), "--json", "-q"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("runs/small/*/checkpoints/step-*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    again = seedbed("train", "-c", path, "--json", "-q")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout.splitlines()[-1])["weights_sha256"] == straight.weights_sha256
    assert len(list(tmp_path.glob("runs/small/*"))) == 1


def test_the_best_is_saved_whenever_it_happens(config: dict[str, Any], tmp_path: Path) -> None:
    config["checkpoint"] = {"every_epochs": 100, "keep_last": 1}
    config["trainer"] = {"epochs": 4, "monitor": "max val_accuracy"}
    result = train(config, (), quiet(tmp_path / "run"))
    assert result.best is not None
    assert (tmp_path / "run" / result.best["checkpoint"] / "MANIFEST.json").is_file()


def test_early_stopping_counts_ties_as_improvement_and_stops_after_patience(
    config: dict[str, Any], tmp_path: Path
) -> None:
    config["optimizer"] = {"type": "SGD", "args": {"lr": 0.0}}
    config["allow"] = ["SB121"]
    del config["lr_scheduler"]
    config["trainer"] = {"epochs": 6, "monitor": "min val_loss", "early_stop": 1}
    assert train(config, (), quiet(tmp_path / "ties")).status == "finished"
    config["optimizer"]["args"]["lr"] = 1e-4
    config["trainer"]["monitor"] = "max val_loss"
    stopped = train(config, (), quiet(tmp_path / "worse"))
    assert (stopped.status, stopped.epoch) == ("early_stopped", 3)
    assert resume(tmp_path / "worse", (), Options(console="silent")).epoch == 3


def test_a_monitor_that_no_evaluation_gives_is_an_error_before_training(config: dict[str, Any], tmp_path: Path) -> None:
    config["trainer"]["monitor"] = "max val_acuracy"
    with pytest.raises(ConfigError, match="did you mean 'val_accuracy'"):
        train(config, (), quiet(tmp_path / "run"))


def test_another_config_does_not_go_on_with_a_run(config: dict[str, Any], tmp_path: Path) -> None:
    train(config, (), quiet(tmp_path / "run"))
    with pytest.raises(ConfigError, match=r"optimizer\.args\.lr was 0\.003, is 0\.1"):
        train(config, ["optimizer.args.lr=0.1"], quiet(tmp_path / "run"))


def test_a_loss_that_is_not_finite_names_step_samples_and_module(config: dict[str, Any], tmp_path: Path) -> None:
    config["optimizer"] = {"type": "SGD", "args": {"lr": 1e30}}
    with pytest.raises(TrainingError, match=r"step \d+: the loss is (nan|inf).*samples \d+.*Linear"):
        train(config, (), quiet(tmp_path / "run"))
    kinds = [event["event"] for event in read_events(tmp_path / "run" / "events.jsonl")]
    assert kinds[-1] == "non_finite"


def test_resuming_under_other_numerics_is_refused_unless_asked_for(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "STOP").touch()
    train(config, (), quiet(tmp_path / "run"))
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    with pytest.raises(Exception, match=r"env\.MKL_CBWR was absent, is COMPATIBLE"):
        resume(tmp_path / "run", (), Options(console="silent"))
    result = resume(tmp_path / "run", (), Options(console="silent", allow_inexact=True))
    assert result.status == "finished"
    assert "env.MKL_CBWR" in json.loads((tmp_path / "run" / "manifest.json").read_text())["inexact"][0]


def test_ema_accumulation_and_clipping_survive_a_resume(config: dict[str, Any], tmp_path: Path) -> None:
    config |= {"ema": {"decay": 0.99, "power": 0.75}}
    config["trainer"] = {"epochs": 3, "accumulate": 2, "clip_norm": 1.0}
    straight = train(config, (), quiet(tmp_path / "a"))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "STOP").touch()
    train(config, (), quiet(tmp_path / "b"))
    assert same(resume(tmp_path / "b", (), Options(console="silent")), straight)
    weights = [
        event["weights"] for event in read_events(tmp_path / "b" / "events.jsonl") if event["event"] == "evaluate"
    ]
    assert set(weights) == {"ema"}
    assert math.isfinite(straight.metrics["test_loss"])
