"""Events as CSV for spreadsheets and pandas. Reads a run's log; needs no torch."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from seedbed.errors import DataError
from seedbed.rundir import read_events

FIRST = ("step", "epoch", "time")


def export_csv(events: Path, target: Path, kind: str = "epoch") -> int:
    """Write the events of one kind as a table.

    Args:
        events: ``events.jsonl`` of a run.
        target: The file to write.
        kind: Which events: "step", "epoch" or "evaluate".

    Returns:
        Number of rows.

    Raises:
        DataError: The log has no such events.
    """
    rows = [event for event in read_events(events) if event.get("event") == kind]
    if not rows:
        known = sorted({str(event.get("event")) for event in read_events(events)})
        raise DataError(f"{events} has no {kind!r} events; it has {', '.join(known) or 'none at all'}")
    with target.open("w", newline="", encoding="utf-8") as file:
        write_rows(rows, file)
    return len(rows)


def write_rows(events: Iterable[Mapping[str, Any]], file: TextIO) -> None:
    """Write events as rows; the columns are all keys that occur, nested ones by their own name.

    NaN and infinities stay the words NaN, Infinity and -Infinity, which pandas and spreadsheets' imports know.
    What is neither number nor text (a confusion matrix) is left out; an absent number is an empty cell.
    """
    rows = [flatten(event) for event in events]
    seen = dict.fromkeys(key for row in rows for key in row)
    names = [name for name in FIRST if name in seen] + [name for name in seen if name not in FIRST]
    writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def flatten(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event in one level: what is nested (``metrics``, ``scalars``) comes up, under its own name if that is free."""
    row: dict[str, Any] = {}
    for key, value in event.items():
        if key != "event" and not isinstance(value, Mapping | list) and value is not None:
            row[key] = value
    for key, value in event.items():
        if isinstance(value, Mapping):
            for name, inner in flatten(value).items():
                row[name if name not in row else f"{key}.{name}"] = inner
    return row
