"""What one update of a training costs beside a bare one: ``python -m seedbed.bench.updates WORKLOAD [EPOCHS]``.

One process. Before each of seedbed's updates the bare update of a second model of the same kind is made, on the next of
the batches cut beforehand. What passes between two bare updates is seedbed's: taking the batch, the update itself, its
note, the digests. The medians leave out what happens once an epoch (evaluation, checkpoints) or once a run.
"""

from __future__ import annotations

import copy
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from seedbed.bench.services import replaced
from seedbed.bench.variants import floor, ours
from seedbed.bench.workloads import WORKLOADS, Task, make_task, prepare
from seedbed.fast import FastStep
from seedbed.rundir import dumps


def measure(name: str, epochs: int | None = None) -> dict[str, Any]:
    """Medians over the updates: processor and wall microseconds of seedbed's, of the bare ones, and the difference."""
    with tempfile.TemporaryDirectory() as folder:
        said = prepare(name, Path(folder))
        found = turns(make_task(name, Path(folder), epochs))
    return {"workload": name, "data": said, "updates": len(found["bare_cpu"]), **summary(found)}


def turns(task: Task) -> dict[str, list[float]]:
    """Seconds of every update, seedbed's and the bare one before it."""
    bare, plain = bare_update(task), FastStep.__call__
    found: dict[str, list[float]] = {name: [] for name in ("bare_cpu", "bare_wall", "ours_cpu", "ours_wall")}
    left: list[tuple[float, float]] = []

    def timed(step: FastStep, *args: Any) -> Any:
        came = clocks()
        bare()
        began = clocks()
        result = plain(step, *args)
        since = clocks()
        if left:  # what came between the last update and this one is seedbed's too
            (cpu, wall) = left.pop()
            found["bare_cpu"].append(began[0] - came[0])
            found["bare_wall"].append(began[1] - came[1])
            found["ours_cpu"].append(since[0] - began[0] + came[0] - cpu)
            found["ours_wall"].append(since[1] - began[1] + came[1] - wall)
        left.append(since)
        return result

    with ExitStack() as stack:
        stack.enter_context(replaced(FastStep, "__call__", timed))
        ours.train(task)
    return found


def clocks() -> tuple[float, float]:
    """Processor and wall seconds."""
    return time.process_time(), time.perf_counter()


def bare_update(task: Task) -> Callable[[], None]:
    """A function that makes the next update of a copy of the model, as the floor makes it."""
    made = floor.updates(replace(task, model=copy.deepcopy(task.model)))
    return lambda: next(made)


def summary(found: dict[str, list[float]]) -> dict[str, Any]:
    """Medians in microseconds, and of what is paid more, update by update."""
    middle = {f"{name}_us": 1e6 * statistics.median(values) for name, values in found.items()}
    for kind in ("cpu", "wall"):
        more = [mine - its for mine, its in zip(found[f"ours_{kind}"], found[f"bare_{kind}"], strict=True)]
        middle[f"more_{kind}_us"] = 1e6 * statistics.median(more)
        middle[f"ratio_{kind}"] = middle[f"ours_{kind}_us"] / middle[f"bare_{kind}_us"]
    return middle


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in WORKLOADS:
        sys.exit(f"python -m seedbed.bench.updates {'|'.join(WORKLOADS)} [EPOCHS]")
    print(dumps(measure(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None), indent=1))
