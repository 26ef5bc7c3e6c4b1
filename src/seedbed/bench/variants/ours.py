"""Seedbed with its default settings; and with one of its services left out, to see what that costs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

from seedbed.bench.workloads import Task
from seedbed.build import Training
from seedbed.checkpoint.saver import Saver
from seedbed.fitting import Adam, fit
from seedbed.rundir import EventLog
from seedbed.tracking.trace import Trace


def nothing(*args: Any, **options: Any) -> None:
    """Do nothing, in the place of something."""


def without_manifest() -> None:
    """Leave out looking for git, packages and hardware."""
    Training.manifest = lambda *args: {}  # type: ignore[method-assign,assignment,unused-ignore]


def without_digests() -> None:
    """Leave out the chain of digests."""
    Trace.add = nothing  # type: ignore[method-assign]


def without_tracking() -> None:
    """Leave out the event log."""
    EventLog.append = nothing  # type: ignore[method-assign]


def without_checkpoints() -> None:
    """Leave out saving."""
    Saver.save = nothing  # type: ignore[method-assign,assignment,unused-ignore]


SERVICES: dict[str, Callable[[], None]] = {
    "digests": without_digests,
    "tracking": without_tracking,
    "checkpoints": without_checkpoints,
    "manifest": without_manifest,
}


def leave_out(service: str | None) -> None:
    """Switch a service off for the rest of this process; its files are then not those of a run."""
    if service is not None:
        SERVICES[service]()


def train(task: Task) -> float:
    """Train; returns the last validation accuracy (0 where none was asked for)."""
    settings: dict[str, Any] = {"normalize": "zscore"} if task.workload.per_sample else {}
    if not task.workload.tokens:
        settings |= {"metrics": ["accuracy"], "evaluate": {"train_metrics": True}}
    result = fit(
        task.model,
        {"train": task.train, "val": task.val},
        loss="language_modeling" if task.workload.tokens else "cross_entropy",
        optimizer=Adam(lr=task.lr),
        epochs=task.epochs,
        batch_size=task.workload.batch_size,
        console="silent",
        out=tempfile.mkdtemp(dir=task.folder),
        **settings,
    )
    return float(result.metrics.get("val_accuracy", 0.0))
