"""Read what runs wrote: one row per run for tables."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seedbed.errors import DataError
from seedbed.rundir import RunDir, find_runs, read_events


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


def read_run(run: RunDir) -> RunRow:
    """One run's row; a log that is still being written is fine."""
    try:
        config = run.read_config()
    except DataError:
        config = {}
    status, epoch, step, metrics = "running or killed", 0, 0, {}
    best: dict[str, Any] | None = None
    seconds: float | None = None
    for event in read_events(run.events):
        kind = event.get("event")
        step = max(step, int(event.get("step") or 0))
        if kind == "epoch":
            epoch, metrics = int(event["epoch"]), {"loss": event.get("loss"), **event.get("metrics", {})}
        elif kind in {"start", "resume"}:
            status = "running or killed"
        elif kind == "signal":
            status = "interrupted"
        elif kind == "non_finite":
            status = "failed"
        elif kind == "end":
            status, metrics, best = str(event["status"]), event["metrics"], event.get("best")
            epoch, seconds = int(event["epoch"]), event.get("seconds")
    return RunRow(
        str(run.path), str(config.get("name", "?")), status, epoch, step, metrics, best, config.get("seed"), seconds
    )


def read_runs(root: Path) -> list[RunRow]:
    """The rows of all runs below ``root``."""
    return [read_run(run) for run in find_runs(root)]
