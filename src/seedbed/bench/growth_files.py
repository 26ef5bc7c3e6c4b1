"""Growth of run folders: what writing and reading take as logs get longer and runs more."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from seedbed.report.reader import read_run, read_runs
from seedbed.rundir import EventLog, RunDir, read_events, to_json

Point = tuple[float, dict[str, float]]
STEPS_PER_EPOCH = 20  # logged ones
EVENTS_PER_RUN = 2_000


def events(count: int) -> Iterator[dict[str, Any]]:
    """A log as runs write it: a start, logged updates, an epoch now and then, an end."""
    yield {"event": "start", "step": 0, "epoch": 0, "run": "r", "name": "r", "seed": 0, "total_steps": count}
    for number in range(1, count - 1):
        epoch = number // STEPS_PER_EPOCH
        if number % STEPS_PER_EPOCH == 0:
            metrics = {"val_loss": 1 / number, "val_accuracy": 0.5}
            yield {"event": "epoch", "step": number, "epoch": epoch, "loss": 1 / number, "lr": 1e-3, "metrics": metrics}
        else:
            yield {"event": "step", "step": number, "epoch": epoch + 1, "loss": 1 / number, "lr": 1e-3}
    best = {"monitor": "min val_loss", "value": 0.1, "epoch": 1}
    end = {"event": "end", "status": "finished", "step": count, "epoch": count // STEPS_PER_EPOCH}
    yield {**end, "metrics": {"loss": 0.1}, "best": best, "seconds": 1.0}


def milliseconds(work: Callable[[], Any], repeats: int = 3, enough: float = 100.0) -> float:
    """The median time of a piece of work, done a few times; more often if it is short, until ``enough`` is spent."""
    taken: list[float] = []
    while len(taken) < repeats or (repeats > 1 and sum(taken) < enough):
        began = time.perf_counter()
        work()
        taken.append(1e3 * (time.perf_counter() - began))
    return median(taken)


def by_events(sizes: Sequence[int], folder: Path) -> list[Point]:
    """Appending an event, reading a whole log, reading what a table of runs needs."""
    points = []
    for size in sizes:
        run = make_run(folder / str(size))
        log = EventLog(run.events)
        lines = list(events(min(size, 100_000)))
        began = time.perf_counter()
        for number in range(size - 1):
            log.append(lines[number % (len(lines) - 1)])
        log.append(lines[-1])
        log.sync()
        append = 1e6 * (time.perf_counter() - began) / size
        log.close()
        whole = milliseconds(lambda run=run: sum(1 for _ in read_events(run.events)), repeats=1)  # type: ignore[misc]
        row = milliseconds(lambda run=run: read_run(run))  # type: ignore[misc]
        points.append((float(size), {"append, µs": append, "read all, ms": whole, "row of a table, ms": row}))
        run.events.unlink()
    return points


def by_runs(sizes: Sequence[int], folder: Path) -> list[Point]:
    """Reading the rows of all runs in a folder."""
    text = b"".join(to_json(event) + b"\n" for event in events(EVENTS_PER_RUN))
    points, made = [], 0
    for size in sizes:
        for number in range(made, size):
            make_run(folder / f"{number:05}").events.write_bytes(text)
        made = size
        points.append((float(size), {"list, ms": milliseconds(lambda: read_runs(folder))}))
    return points


def make_run(path: Path) -> RunDir:
    """A run folder with a config and nothing else."""
    path.mkdir(parents=True)
    run = RunDir(path)
    run.config.write_text(json.dumps({"name": "r", "seed": 0}))
    return run
