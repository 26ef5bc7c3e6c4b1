"""Read what runs wrote: one row per run for tables."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seedbed.errors import DataError
from seedbed.rundir import RunDir, find_runs, read_events_back

RUNNING = "running or killed"


@dataclass(frozen=True)
class RunRow:
    """One run in a table. ``status`` is "running or killed" for a run whose log has neither an end nor a stop."""

    run: str
    name: str
    status: str
    epoch: int
    step: int
    metrics: dict[str, Any] = field(default_factory=dict)
    best: dict[str, Any] | None = None
    seed: int | None = None
    seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The row as plain data."""
        return asdict(self)

    def describe_best(self) -> str:
        """The best value in a few words: "max val_accuracy 0.9861 at epoch 7"."""
        if self.best is None:
            return "-"
        value = self.best["value"]
        text = value if isinstance(value, str) else f"{value:.4g}"
        return f"{self.best['monitor']} {text} at epoch {self.best['epoch']}"


# what the event that says it means for a run; each but the first two is the last of its process
STATES = {"start": RUNNING, "resume": RUNNING, "signal": "interrupted", "non_finite": "failed"}


def read_run(run: RunDir) -> RunRow:
    """One run's row; a log that is still being written is fine. The log is read from its end, as far as is needed."""
    try:
        config = run.read_config()
    except DataError:
        config = {}
    status, epoch, metrics, step = None, None, dict[str, Any](), 0
    best: dict[str, Any] | None = None
    seconds: float | None = None
    for event in read_events_back(run.events):
        kind = event.get("event")
        step = max(step, int(event.get("step") or 0))
        if kind == "end":
            status, seconds, best = status or str(event["status"]), event.get("seconds"), event.get("best")
            if epoch is None:
                epoch, metrics = int(event["epoch"]), event["metrics"]
        elif kind in STATES:
            status = status or STATES[kind]
        elif kind == "epoch" and epoch is None:
            epoch, metrics = int(event["epoch"]), {"loss": event.get("loss"), **event.get("metrics", {})}
        elif kind == "step" and epoch is None and int(event.get("epoch") or 0) == 1:
            epoch = 0  # the first epoch is not over yet
        if kind in {"step", "epoch"}:
            status = status or RUNNING
        if status is not None and epoch is not None:
            break
    name, seed = str(config.get("name", "?")), config.get("seed")
    return RunRow(str(run.path), name, status or RUNNING, epoch or 0, step, metrics, best, seed, seconds)


def read_runs(root: Path) -> list[RunRow]:
    """The rows of all runs below ``root``."""
    return [read_run(run) for run in find_runs(root)]
