"""A run's row is read from the end of its log, and is the same as if the whole log had been read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.report.reader import read_run, read_runs
from seedbed.rundir import RunDir, read_events, read_events_back


def make_run(path: Path, events: list[dict[str, Any]]) -> RunDir:
    path.mkdir(parents=True, exist_ok=True)
    run = RunDir(path)
    run.config.write_text('{"name": "r", "seed": 3}')
    run.events.write_text("".join(json.dumps(event) + "\n" for event in events))
    return run


def epoch(number: int) -> list[dict[str, Any]]:
    last = number * 100
    return [
        {"event": "step", "step": last - 50, "epoch": number, "loss": 1.0},
        {"event": "epoch", "step": last, "epoch": number, "loss": 0.5 / number, "metrics": {"val_loss": 1 / number}},
        {"event": "save", "step": last, "epoch": number},
    ]


START = {"event": "start", "step": 0, "epoch": 0}
END = {
    "event": "end",
    "status": "finished",
    "step": 200,
    "epoch": 2,
    "metrics": {"loss": 0.1},
    "best": {"value": 1},
    "seconds": 2.5,
}
BEGUN = [START, {"event": "step", "step": 1, "epoch": 1, "loss": 2.0}]


@pytest.mark.parametrize(
    ("events", "status", "epochs", "step"),
    [
        ([], "running or killed", 0, 0),
        ([START], "running or killed", 0, 0),
        (BEGUN, "running or killed", 0, 1),
        ([*BEGUN, *epoch(1)], "running or killed", 1, 100),
        ([*BEGUN, *epoch(1), {"event": "signal", "step": 130, "epoch": 1}], "interrupted", 1, 130),
        ([*BEGUN, {"event": "non_finite", "step": 7}, {"event": "failed", "step": 6}], "failed", 0, 7),
        ([*BEGUN, {"event": "signal", "step": 5}, {"event": "resume", "step": 5}], "running or killed", 0, 5),
        ([*BEGUN, *epoch(1), *epoch(2), END], "finished", 2, 200),
    ],
)
def test_the_status_is_that_of_the_last_thing_that_was_said(
    tmp_path: Path, events: list[dict[str, Any]], status: str, epochs: int, step: int
) -> None:
    row = read_run(make_run(tmp_path, events))
    assert (row.status, row.epoch, row.step) == (status, epochs, step)
    assert row.seed == 3


def test_the_end_of_a_run_says_its_metrics_best_value_and_time(tmp_path: Path) -> None:
    row = read_run(make_run(tmp_path, [*BEGUN, *epoch(1), *epoch(2), END]))
    assert (row.metrics, row.best, row.seconds) == ({"loss": 0.1}, {"value": 1}, 2.5)
    row = read_run(make_run(tmp_path, [*BEGUN, *epoch(1), *epoch(2)]))
    assert (row.metrics, row.best, row.seconds) == ({"loss": 0.25, "val_loss": 0.5}, None, None)


def test_a_long_log_is_not_read_to_its_beginning(tmp_path: Path) -> None:
    run = make_run(tmp_path, [*epoch(1), *epoch(2), END])
    with run.events.open("r+b") as file:  # what lies before the last lines would not even be a text
        file.write(b"\xff" * 40)
    assert read_run(run).status == "finished"


def test_all_runs_below_a_folder_have_a_row(tmp_path: Path) -> None:
    for name in ("b/1", "a/2", "a/1"):
        make_run(tmp_path / name, [START])
    assert [row.run for row in read_runs(tmp_path)] == [str(tmp_path / name) for name in ("a/1", "a/2", "b/1")]


@given(
    st.lists(st.one_of(st.dictionaries(st.text(), st.integers()), st.just("torn"), st.integers())),
    st.integers(1, 40),
    st.booleans(),
)
def test_backwards_is_the_reverse_of_forwards(
    tmp_path_factory: pytest.TempPathFactory, lines: list[Any], block: int, cut: bool
) -> None:
    path = tmp_path_factory.mktemp("log") / "events.jsonl"
    text = "".join(('{"torn' if line == "torn" else json.dumps(line)) + "\n" for line in lines)
    path.write_text(text[:-1] if cut else text)
    assert list(read_events_back(path, block)) == list(read_events(path))[::-1]


def test_a_log_that_is_not_there_has_no_events(tmp_path: Path) -> None:
    assert list(read_events_back(tmp_path / "events.jsonl")) == []
