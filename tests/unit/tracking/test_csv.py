"""Events as CSV."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from seedbed.errors import DataError
from seedbed.tracking.csv import export_csv, flatten


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def log(tmp_path: Path, events: list[dict[str, Any]]) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps({"time": 1.5, **event}) + "\n" for event in events))
    return path


def test_epochs_have_a_row_each_and_their_metrics_as_columns(log: Path, tmp_path: Path) -> None:
    target = tmp_path / "epochs.csv"
    assert export_csv(log, target) == 2
    rows = read(target)
    assert list(rows[0])[:4] == ["step", "epoch", "time", "loss"]
    assert [row["val_loss"] for row in rows] == ["0.5", "0.25"]
    assert "val_confusion" not in rows[0]


def test_a_number_that_is_not_finite_stays_a_word_and_an_absent_one_is_empty(log: Path, tmp_path: Path) -> None:
    target = tmp_path / "steps.csv"
    export_csv(log, target, "step")
    first, second = read(target)
    assert (first["penalty"], first["grad_norm"]) == ("0.25", "1.5")
    assert (second["loss"], second["penalty"]) == ("NaN", "")


def test_a_metric_does_not_hide_a_column_of_the_same_name() -> None:
    row = flatten({"event": "epoch", "loss": 1.0, "metrics": {"loss": 2.0, "f1": 0.5}, "best": None})
    assert row == {"loss": 1.0, "metrics.loss": 2.0, "f1": 0.5}


def test_a_log_without_such_events_says_which_it_has(log: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no 'finding' events; it has end, epoch, evaluate"):
        export_csv(log, tmp_path / "x.csv", "finding")
    with pytest.raises(DataError, match="none at all"):
        export_csv(tmp_path / "absent.jsonl", tmp_path / "x.csv")
