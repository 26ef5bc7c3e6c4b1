"""Going on with a run: as it was, longer, with other rates, with data that cannot say where they are, or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from killing import make_config, write_project

from seedbed import resuming
from seedbed.doctor.finding import Finding
from seedbed.doctor.monitors.course import Course
from seedbed.errors import CheckpointError, ConfigError, DataError
from seedbed.replay import reproduce
from seedbed.result import Options
from seedbed.run import resume, train
from seedbed.rundir import RunLock, find_run_dir, read_events
from seedbed.state import StepRecord

Write = Callable[[dict[str, Any]], Path]


def quiet(out: Path | None = None, **options: Any) -> Options:
    return Options(out=out, console="silent", probe=False, **options)


def kinds(run: Path) -> list[str]:
    return [event["event"] for event in read_events(run / "events.jsonl")]


def test_a_run_that_has_ended_is_left_as_it_is(config: dict[str, Any], tmp_path: Path) -> None:
    run = tmp_path / "run"
    first = train(config, (), quiet(run))
    files = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != "run.lock"}
    again = train(config, (), quiet(run))
    assert again == first
    assert resume(run, (), quiet()) == first
    assert {path: path.read_bytes() for path in files} == files
    assert kinds(run).count("end") == 1


def test_a_finding_is_told_by_its_update_wherever_the_run_was_stopped(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(course: Course, record: StepRecord, loss: float) -> list[Finding]:
        return course.say("SB911", "the loss rose", "a test says so", "Nothing") if record.step == 37 else []

    monkeypatch.setattr(Course, "step", step)
    train(config, (), quiet(tmp_path / "straight"))
    train(config, (), quiet(tmp_path / "stopped", stop_after=38))
    resume(tmp_path / "stopped", (), quiet())

    def told(name: str) -> list[tuple[Any, ...]]:
        events = read_events(tmp_path / name / "events.jsonl")
        kept = [event for event in events if event["event"] in {"step", "finding", "evaluate", "epoch"}]
        return [(event["event"], event["step"], event["epoch"]) for event in kept]

    assert told("stopped") == told("straight")
    assert [step for kind, step, _ in told("straight") if kind == "finding"] == [37]


def test_the_command_says_that_a_run_has_ended(
    config: dict[str, Any], write_config: Write, seedbed: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    path = write_config(config)
    seedbed("train", "-c", path, "--out", "run")
    again = seedbed("train", "-c", path, "--out", "run")
    assert again.returncode == 0
    assert "has ended (finished at step 63); nothing was changed" in again.stdout


def test_an_extension_lays_the_schedule_out_anew_and_the_log_says_so(config: dict[str, Any], tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(config, (), quiet(run))
    longer = resume(run, ["trainer.epochs=5"], quiet(extend=True))
    assert (longer.status, longer.epoch, longer.step) == ("finished", 5, 105)
    (event,) = [event for event in read_events(run / "events.jsonl") if event["event"] == "extend"]
    assert event["changes"] == ["trainer.epochs was 3, is 5"]
    rates = [event["lr"] for event in read_events(run / "events.jsonl") if event["event"] == "epoch"]
    assert rates[2] < rates[3]
    assert rates[4] < rates[3]
    assert json.loads((run / "config.json").read_text())["trainer"]["epochs"] == 5
    (left,) = json.loads((run / "manifest.json").read_text())["history"]
    assert (left["step"], left["config"]["trainer"]["epochs"]) == (63, 3)
    verdict = reproduce(run)
    assert verdict.verdict == "EXACT"
    assert verdict.compared_steps == 63
    assert "extended" in verdict.summary


def test_another_rate_on_an_extension_is_used_and_survives_a_kill_before_the_next_save(
    config: dict[str, Any], tmp_path: Path
) -> None:
    del config["lr_scheduler"]
    config["tracking"] = {"log_every": 1}
    results = []
    for name, stop in (("straight", None), ("stopped", 66)):
        run = tmp_path / name
        train(config, (), quiet(run))
        change = ["trainer.epochs=4", "optimizer.args.lr=0.0001"]
        if stop is not None:
            # as if killed: nothing is saved
            resume(run, change, quiet(extend=True, stop_after=stop))
            results.append(resume(run, (), quiet()))
        else:
            results.append(resume(run, change, quiet(extend=True)))
        rates = [event["lr"] for event in read_events(run / "events.jsonl") if event["event"] == "step"]
        assert rates[62:] == [0.003, *[0.0001] * 21]
        assert kinds(run).count("extend") == 1
    assert results[0].weights_sha256 == results[1].weights_sha256


def test_an_extension_that_was_killed_before_its_config_was_written_did_not_happen(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    first = train(config, (), quiet(run))
    plain = resuming.write_json

    def write_json(path: Path, value: Any) -> None:
        if path.name == "config.json":
            raise KeyboardInterrupt
        plain(path, value)

    with monkeypatch.context() as patch:
        patch.setattr(resuming, "write_json", write_json)
        with pytest.raises(KeyboardInterrupt):
            resume(run, ["trainer.epochs=4"], quiet(extend=True))
    assert resume(run, (), quiet()) == first
    longer = resume(run, ["trainer.epochs=4"], quiet(extend=True))
    assert longer.epoch == 4
    assert len(json.loads((run / "manifest.json").read_text())["history"]) == 1


def test_a_change_that_makes_another_training_is_refused_with_the_way_to_start_it(
    config: dict[str, Any], tmp_path: Path
) -> None:
    train(config, ["trainer.epochs=1"], quiet(tmp_path / "run"))
    with pytest.raises(ConfigError, match=r"data\.args\.batch_size was 64, is 32.*init\.checkpoint"):
        resume(tmp_path / "run", ["data.args.batch_size=32"], quiet(extend=True))
    with pytest.raises(ConfigError, match="say so with --extend"):
        resume(tmp_path / "run", ["trainer.epochs=2"], quiet())
    with pytest.raises(ConfigError, match="has made 21 updates already"):
        resume(tmp_path / "run", ["trainer.steps=5"], quiet(extend=True))


def test_a_warm_start_begins_at_step_0_with_the_weights_of_another_run(config: dict[str, Any], tmp_path: Path) -> None:
    train(config, ["trainer.epochs=1"], quiet(tmp_path / "first"))
    warm = train(config, [f"init.checkpoint={tmp_path / 'first'}", "trainer.epochs=1"], quiet(tmp_path / "warm"))
    cold = train(config, ["trainer.epochs=1"], quiet(tmp_path / "cold"))
    assert warm.step == cold.step == 21
    assert warm.metrics["val_loss"] < cold.metrics["val_loss"]
    start = next(event for event in read_events(tmp_path / "warm" / "events.jsonl") if event["event"] == "start")
    assert any("loaded" in note for note in start["notes"])


STREAM = """
import torch

class Endless(torch.utils.data.IterableDataset):
    def __iter__(self):
        for number in range(40):
            yield torch.rand(8) + number % 3, number % 3
"""


def test_a_stream_that_cannot_say_where_it_is_is_told_at_the_start_and_refused_on_resume(tmp_path: Path) -> None:
    config = make_config("stream")
    config["data"]["type"] = "Endless"
    path = write_project(tmp_path / "project", config)
    (tmp_path / "project" / "data.py").write_text(STREAM)
    run = tmp_path / "run"
    train(path, (), quiet(run, stop_after=5))
    notes = [event["text"] for event in read_events(run / "events.jsonl") if event["event"] == "note"]
    assert "state_dict() -> dict and load_state_dict(dict)" in notes[0]
    with pytest.raises(DataError, match=r"cannot say where it is.*state_dict\(\).*--allow-inexact"):
        train(path, (), quiet(run))


def test_two_trainers_on_one_folder_are_refused(config: dict[str, Any], tmp_path: Path) -> None:
    train(config, ["trainer.epochs=1"], quiet(tmp_path / "run"))
    with RunLock(find_run_dir(tmp_path / "run")), pytest.raises(ConfigError, match="is being written by"):
        resume(tmp_path / "run", (), quiet())


def test_a_clock_set_back_changes_nothing(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = train(config, (), quiet(tmp_path / "straight"))
    run = tmp_path / "run"
    run.mkdir()
    (run / "STOP").touch()
    train(config, ["checkpoint.every_steps=5"], quiet(run))
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    (run / "STOP").touch()
    assert resume(run, (), quiet()).status == "interrupted"
    assert resume(run, (), quiet()).weights_sha256 == straight.weights_sha256


def test_a_full_disk_does_not_end_the_training_but_its_end_says_what_is_not_saved(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from seedbed.disk import Disk

    straight = train(config, (), quiet(tmp_path / "straight"))
    plain, full = Disk.write, [False]

    def write(self: Disk, descriptor: int, data: bytes | memoryview) -> int:
        if full[0]:
            raise OSError(28, "No space left on device")
        return plain(self, descriptor, data)

    run = tmp_path / "run"
    train(config, (), quiet(run, stop_after=22))
    monkeypatch.setattr(Disk, "write", write)
    full[0] = True
    with pytest.raises(CheckpointError, match=r"finished at step 63, but this state could not be saved.*step 21"):
        train(config, (), Options(out=run, console="plain", probe=False))
    told = capsys.readouterr().out
    assert told.count("could not be saved (No space left on device); training goes on") >= 2
    full[0] = False
    assert train(config, (), quiet(run)).weights_sha256 == straight.weights_sha256
    assert kinds(run).count("end") == 1


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups here")
def test_a_stop_of_the_whole_process_group_saves_although_the_workers_die(tmp_path: Path) -> None:
    config = make_config("full", workers=2)
    config["trainer"]["epochs"] = 500
    path = write_project(tmp_path / "project", config)
    command = [sys.executable, "-m", "seedbed", "train", "-c", str(path), "--out", str(tmp_path / "run"), "--no-probe"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 100
    while not list(tmp_path.glob("run/checkpoints/step-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGTERM)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 130, errors.decode()
    assert b"to go on: seedbed resume" in errors


@pytest.mark.parametrize("lost", ["log", "chain", "best"])
def test_a_checkpoint_whose_log_or_best_a_loss_of_power_has_taken_is_made_again(
    config: dict[str, Any], tmp_path: Path, lost: str
) -> None:
    config |= {"checkpoint": {"every_steps": 10, "keep_last": 9}}
    config["trainer"] = {**config["trainer"], "monitor": "min val_loss"}
    whole = train(config, (), quiet(tmp_path / "whole"))
    run = tmp_path / "run"
    train(config, (), quiet(run, stop_after=55))  # saved at step 50 as the newest, at 42 as the best
    best = run / "checkpoints" / "step-00000042"
    size = (run / "events.jsonl").stat().st_size
    damage: dict[str, Callable[[], object]] = {
        "log": lambda: os.truncate(run / "events.jsonl", size // 2),
        "chain": lambda: os.truncate(run / "trace.bin", 36 * 25),
        "best": lambda: (best / "model.safetensors").write_bytes(b""),
    }
    damage[lost]()
    again = resume(run, (), quiet())
    assert again.weights_sha256 == whole.weights_sha256
    assert again.best is not None
    assert whole.best is not None
    assert again.best["value"] == whole.best["value"]
    text = next(e["text"] for e in read_events(run / "events.jsonl") if "going back" in e.get("text", ""))
    assert {"log": "a part of the log", "chain": "a part of the digest chain", "best": "its best one is not"}[
        lost
    ] in text
    losses = [event["loss"] for event in read_events(run / "events.jsonl") if event["event"] == "step"]
    assert losses == [e["loss"] for e in read_events(tmp_path / "whole" / "events.jsonl") if e["event"] == "step"]
