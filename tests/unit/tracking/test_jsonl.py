"""Events as JSON lines."""

from __future__ import annotations

import json
import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from seedbed.rundir import decode_number, read_events
from seedbed.tracking.jsonl import JsonLines


def reject(word: str) -> float:
    raise AssertionError(f"{word} is not JSON")


def test_every_line_is_valid_json_and_numbers_that_are_not_finite_are_words(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tracker = JsonLines(path)
    tracker.write({"event": "step", "loss": math.nan, "norm": math.inf, "scalars": {"a": -math.inf}})
    tracker.write({"event": "epoch", "loss": 1.5})
    tracker.close()
    first, second = (json.loads(line, parse_constant=reject) for line in path.read_text().splitlines())
    assert (first["loss"], first["norm"], first["scalars"]) == ("NaN", "Infinity", {"a": "-Infinity"})
    assert second["loss"] == 1.5


def test_an_epoch_can_be_read_while_the_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tracker = JsonLines(path)
    tracker.write({"event": "epoch", "epoch": 1})
    assert [event["epoch"] for event in read_events(path)] == [1]
    tracker.close()


def test_it_goes_on_after_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"event": "epoch", "epoch": 1}\n{"event": "epo')
    tracker = JsonLines(path)
    tracker.write({"event": "epoch", "epoch": 2})
    tracker.close()
    assert [event["epoch"] for event in read_events(path)] == [1, 2]


@given(st.floats())
def test_every_number_comes_back_as_it_was(tmp_path_factory: object, value: float) -> None:
    path = tmp_path_factory.mktemp("events") / "events.jsonl"  # type: ignore[attr-defined]
    tracker = JsonLines(path)
    tracker.write({"event": "epoch", "loss": value})
    tracker.close()
    (event,) = read_events(path)
    back = decode_number(event["loss"])
    assert back == value or (math.isnan(back) and math.isnan(value))
