"""Events in words."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.rundir import encode
from seedbed.tracking.lines import (
    columns,
    duration,
    epoch_line,
    event_line,
    number,
    plain_table,
    rate,
    results,
    start_line,
    start_notes,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.98333, "0.9833"),
        (0.0, "0"),
        (2.302585, "2.303"),
        (123.4567, "123.5"),
        (12345.67, "12,346"),
        (0.00012345, "1.23e-04"),
        (-0.5, "-0.5000"),
        (1e9, "1.00e+09"),
        (1234567, "1,234,567"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        ("NaN", "nan"),
        ("Infinity", "inf"),
    ],
)
def test_a_number_is_short_and_readable(value: Any, text: str) -> None:
    assert number(value) == text


@given(st.floats(-1e300, 1e300) | st.sampled_from([math.nan, math.inf, -math.inf]))
def test_every_number_reads_back_close_to_what_it_was(value: float) -> None:
    back = float(number(value).replace(",", ""))
    if math.isnan(value):
        assert math.isnan(back)
    else:
        assert math.isclose(back, value, rel_tol=0.01, abs_tol=0)
    assert number(encode(value)) == number(value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.96, "10 s"), (59.7, "1:00"), (187, "3:07"), (3753, "1:02:33"), (math.inf, "?"), (-1, "0.0 s")],
)
def test_a_duration_is_in_the_unit_that_people_use(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_rate_is_short() -> None:
    assert [rate(0.1), rate(3e-4), rate(9.9357e-4)] == ["0.1", "0.0003", "9.94e-04"]


def test_validation_metrics_come_before_training_metrics_and_matrices_are_left_out(
    events: list[dict[str, Any]],
) -> None:
    cells = columns(events[3])
    assert list(cells) == ["epoch", "loss", "val_loss", "val_accuracy", "accuracy", "rate", "samples/s", "time"]


def test_an_epoch_is_one_line(events: list[dict[str, Any]]) -> None:
    assert epoch_line(events[7], 2) == (
        "epoch 2/2  loss 0.5000  val_loss 0.2500  val_accuracy 0.9000  accuracy 0.8000  rate 0.01"
        "  1,234 samples/s  0.5 s  (best)"
    )
    assert epoch_line({"epoch": 3}) == "epoch 3  loss ?"


def test_the_start_says_what_is_trained_and_for_how_long(events: list[dict[str, Any]]) -> None:
    assert start_line(events[0]) == "4,810 parameters, 320 training samples, 2 epochs, 20 updates, on cpu"
    assert start_line({"name": "digits", "parameters": 9, "trainable": 7}) == "digits, 9 parameters (7 trainable)"
    assert start_line({"model": "MLP", "parameters": 9, "trainable": 9}) == "MLP, 9 parameters"


def test_of_a_long_note_only_its_last_line_is_shown_at_the_start() -> None:
    notes = ["2 parameter groups\n  default: 2 tensors\n  no weight decay for 0.bias", "", "1 thread"]
    assert start_notes({"notes": notes}) == ["no weight decay for 0.bias", "1 thread"]
    assert start_notes({}) == []


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"event": "note", "text": "hello"}, "hello"),
        ({"event": "resume", "checkpoint": "step-7", "step": 7}, "going on from step-7 (step 7)"),
        ({"event": "signal", "reason": "SIGTERM"}, "stopping: SIGTERM"),
        ({"event": "finding", "code": "SB101", "severity": "error", "message": "bad"}, "error SB101: bad"),
        ({"event": "non_finite", "step": 3, "loss": "NaN", "where": "in 0.relu"}, "step 3: the loss is NaN; in 0.relu"),
        ({"event": "save"}, None),
        ({"event": "step"}, None),
    ],
)
def test_an_event_is_told_or_not(event: dict[str, Any], line: str | None) -> None:
    assert event_line(event) == line


def test_the_results_have_a_row_per_metric_and_a_column_per_split(events: list[dict[str, Any]]) -> None:
    table = results(events[-1])
    assert table.splits == ("train", "validation", "test")
    assert table.rows == (("loss", "0.5000", "0.2500", "0.3000"), ("accuracy", "", "0.9000", "0.9500"))
    assert table.sentences == (
        "best: min val_loss = 0.2500 at epoch 2, step 20",
        "finished after 1:02, 20 updates: runs/a/1",
    )
    assert plain_table(table) == [
        "           train  validation    test",
        "loss      0.5000      0.2500  0.3000",
        "accuracy              0.9000  0.9500",
    ]


def test_results_without_metrics_have_no_table() -> None:
    table = results({"event": "end", "status": "early_stopped", "step": 3})
    assert plain_table(table) == []
    assert table.sentences == ("early stopped, 3 updates",)
