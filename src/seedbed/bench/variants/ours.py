"""Seedbed with its default settings."""

from __future__ import annotations

import sys
import tempfile
from typing import Any

from seedbed.bench.workloads import Task
from seedbed.fitting import Adam, fit


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
    if result.status == "interrupted":  # by a signal, which is meant for the whole measurement
        sys.exit(130)
    return float(result.metrics.get("val_accuracy", 0.0))
