"""A small run for the trackers to show: its events and its step records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from seedbed.state import StepRecord

RecordMaker = Callable[..., StepRecord]


@pytest.fixture
def make_record() -> RecordMaker:
    def make(step: int, loss: Any = 0.5, epoch: int = 0, samples: int = 32) -> StepRecord:
        return StepRecord(
            step=step,
            epoch=epoch,
            ends_epoch=False,
            loss=loss if isinstance(loss, torch.Tensor) else torch.tensor(float(loss)),
            learning_rate=1e-3,
            num_samples=samples,
            indices=[np.arange(samples)],
        )

    return make


@pytest.fixture
def events() -> list[dict[str, Any]]:
    """A run of two epochs."""
    epochs = [
        {
            "event": "epoch",
            "step": 10 * n,
            "epoch": n,
            "loss": 1.0 / n,
            "lr": 0.01,
            "metrics": {"accuracy": 0.8, "val_loss": 0.5 / n, "val_accuracy": 0.9, "val_confusion": [[1, 0], [0, 1]]},
            "best": n == 2,
            "samples_per_second": 1234.5,
            "seconds": 0.5,
        }
        for n in (1, 2)
    ]
    step = {"event": "step", "step": 5, "epoch": 1, "loss": 2.25, "lr": 0.01, "samples_per_second": 1000.0}
    return [
        {"event": "start", "step": 0, "run": "runs/a/1", "parameters": 4810, "device": "cpu", "total_steps": 20,
         "epochs": 2, "train_samples": 320},
        {**step, "grad_norm": 1.5, "scalars": {"penalty": 0.25}},
        {"event": "evaluate", "step": 10, "split": "val", "weights": "raw",
         "metrics": {"loss": 0.5, "accuracy": 0.9, "confusion": [[1, 0], [0, 1]]}},
        epochs[0],
        {"event": "save", "step": 10, "checkpoint": "step-00000010", "reason": "due"},
        {"event": "note", "step": 10, "text": "a note with [brackets]"},
        {**step, "step": 15, "epoch": 2, "loss": "NaN"},
        epochs[1],
        {"event": "evaluate", "step": 20, "split": "test", "weights": "raw",
         "metrics": {"loss": 0.3, "accuracy": 0.95}},
        {"event": "end", "run": "runs/a/1", "status": "finished", "step": 20, "epoch": 2, "seconds": 62.0,
         "metrics": {"loss": 0.5, "val_loss": 0.25, "val_accuracy": 0.9, "test_loss": 0.3, "test_accuracy": 0.95},
         "best": {"monitor": "min val_loss", "value": 0.25, "epoch": 2, "step": 20}},
    ]  # fmt: skip


class FakeClock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
