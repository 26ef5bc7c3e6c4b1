"""How time and memory grow: with parameters, batch, data, length of run, length of log, number of runs."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedbed.bench import growth_files, growth_training
from seedbed.bench.record import SCHEMA, about
from seedbed.errors import ConfigError

Point = tuple[float, dict[str, float]]  # how large, and what was measured there by name


@dataclass(frozen=True)
class Curve:
    """One thing that is made larger and larger, and what was measured.

    ``expected`` says for some of the measured names how steep they should be at their end: 0 does not grow, 1 grows in
    proportion. ``small`` and ``full`` are the sizes to measure at.
    """

    name: str
    title: str
    x: str
    y: str
    measure: Callable[[Sequence[int], Path], list[Point]]
    small: tuple[int, ...]
    full: tuple[int, ...]
    expected: dict[str, float] = field(default_factory=dict)


CURVES = (
    Curve(
        "parameters",
        "Time of an update against parameters (MLP, batch 32)",
        "parameters",
        "a step",
        growth_training.by_parameters,
        (1_000, 10_000),
        (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000),
        {"seedbed, µs": 1, "floor, µs": 1},
    ),
    Curve(
        "checkpoint",
        "One checkpoint against parameters: written, synced, read back, verified",
        "parameters",
        "a checkpoint",
        growth_training.by_checkpoint,
        (1_000, 10_000),
        (1_000, 10_000, 100_000, 1_000_000, 10_000_000),
        {"checkpoint, ms": 1, "bytes a weight": 0},
    ),
    Curve(
        "batch",
        "Time of an update against batch size (MLP 64-64-10)",
        "samples a batch",
        "a step",
        growth_training.by_batch,
        (1, 8),
        (1, 8, 64, 512, 4096),
        {"seedbed, µs": 1, "floor, µs": 1},
    ),
    Curve(
        "data",
        "Samples in a memory-mapped file, 16 numbers each, batch 128",
        "samples",
        "a step; the time before the first; memory of the process's own (files mapped into it not counted)",
        growth_training.by_data,
        (1_000, 10_000),
        (1_000, 10_000, 100_000, 1_000_000, 10_000_000),
        {"step, µs": 0, "start, ms": 1, "memory, MB": 1},
    ),
    Curve(
        "length",
        "Length of a run: time of an update, memory, and bytes that log and digests take a step",
        "updates so far",
        "a step; memory of the process's own; bytes a step on the disk",
        growth_training.by_length,
        (50, 100, 200),
        (1_000, 3_000, 10_000, 30_000, 100_000),
        {"step, µs": 0, "memory, MB": 0, "log, B": 0, "digests, B": 0},
    ),
    Curve(
        "events",
        "A log of so many events: appending one, reading all, reading what a table of runs needs",
        "events",
        "an event; a log",
        growth_files.by_events,
        (1_000, 10_000),
        (1_000, 10_000, 100_000, 1_000_000),
        {"append, µs": 0, "read all, ms": 1, "row of a table, ms": 0},
    ),
    Curve(
        "runs",
        "A folder of so many runs with 2,000 events each: `seedbed runs`",
        "runs",
        "a folder",
        growth_files.by_runs,
        (5, 10),
        (10, 100, 1_000),
        {"list, ms": 1},
    ),
)


def measure_growth(
    *,
    tiny: bool = False,
    names: Sequence[str] = (),
    command: Sequence[str] = (),
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Measure every curve; the record is described in ``seedbed.bench.record``.

    Args:
        tiny: Only the first sizes, to see that it works.
        names: Which curves; all if empty.
        command: The command line, for the record.
        say: Takes a line of progress.

    Raises:
        ConfigError: There is no such curve.
    """
    known = [curve.name for curve in CURVES]
    for name in names:
        if name not in known:
            raise ConfigError(f"there is no curve {name!r}; choose from {', '.join(known)}")
    facts = about(command, sizes="tiny" if tiny else "full")
    found = []
    for curve in CURVES:
        if names and curve.name not in names:
            continue
        sizes = curve.small if tiny else curve.full
        say(f"growth: {curve.name}, {sizes[0]:,} to {sizes[-1]:,}")
        with tempfile.TemporaryDirectory() as folder:
            points = curve.measure(sizes, Path(folder))
        found.append(
            {
                "name": curve.name,
                "title": curve.title,
                "x": curve.x,
                "y": curve.y,
                "expected": curve.expected,
                "points": [{"x": x, "values": values} for x, values in points],
                "steepness": {name: steepness(points, name) for name in curve.expected},
            }
        )
    return {"schema": SCHEMA, "kind": "growth", "about": facts, "notes": [], "curves": found}


def steepness(points: Sequence[Point], name: str) -> float | None:
    """The exponent p of y ~ x^p between the last two points: 0 does not grow, 1 grows in proportion."""
    known = [(x, values[name]) for x, values in points if values.get(name, 0) > 0]
    if len(known) < 2:
        return None
    (x0, y0), (x1, y1) = known[-2:]
    return math.log(y1 / y0) / math.log(x1 / x0)
