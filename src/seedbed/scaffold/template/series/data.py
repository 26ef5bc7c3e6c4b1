"""The data: windows of a series, cut so that nothing of the future is seen while training."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np


def load_series(
    *,
    file: str = "data/demand.csv",
    column: str = "demand",
    history: int = 28,
    horizon: int = 7,
    val_days: int = 180,
    test_days: int = 180,
):
    """``history`` days (inputs) and the change of the ``horizon`` days after them against the last one (targets).

    The last ``test_days`` are the test split, the ``val_days`` before them the validation split. No window reaches from
    one split into another. ``demand.csv`` is made up: three years of a town's daily demand, with seasons and weekends.
    """
    with (Path(__file__).parent / file).open(newline="", encoding="utf-8") as stream:
        values = np.asarray([float(row[column]) for row in csv.DictReader(stream)], dtype=np.float32)
    edges = [0, len(values) - val_days - test_days, len(values) - test_days, len(values)]
    parts = [values[start:stop] for start, stop in pairwise(edges)]
    names = ("train", "val", "test")
    return {name: windows(part, history, horizon) for name, part in zip(names, parts, strict=True)}


def windows(values: np.ndarray, history: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """All windows inside ``values``: inputs (N, history), targets (N, horizon)."""
    view = np.lib.stride_tricks.sliding_window_view(values, history + horizon)
    inputs, future = view[:, :history], view[:, history:]
    return inputs.copy(), future - inputs[:, -1:]
