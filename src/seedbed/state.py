"""The training state: everything that changes while training, in one place; and what one update reports.

Seams that other packages fill (objectives, schedules, data, metrics) are protocols here, so that the loop can be
read and type-checked without them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from seedbed.batch import Batch, Cursor, Outcome
from seedbed.seeding import capture_rng, restore_rng

Policy = Literal["stop", "skip", "rewind"]


class Stateful(Protocol):
    """What can be saved and put back: tensors, numbers, strings, lists and dicts of these."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any], /) -> Any: ...


class Metric(Protocol):
    """An exact average over samples: ``update`` once a batch, ``compute`` at the end."""

    def update(self, outputs: Any, batch: Batch) -> None: ...
    def compute(self) -> Any: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any], /) -> None: ...


class Objective(Protocol):
    """What is minimised. Implementations are ``nn.Module`` so that class weights and the like follow the device."""

    def __call__(self, model: nn.Module, batch: Batch) -> Outcome: ...
    def weight(self, batch: Batch) -> int | float | Tensor:
        """What the mean loss is a mean over: samples, tokens that count, or the sum of class weights."""
        ...

    def metrics(self) -> Mapping[str, Metric]:
        """Fresh metrics by name."""
        ...


class Schedule(Protocol):
    """Sets the learning rates; a function of the number of updates made, except where it observes a metric."""

    def apply(self, step: int) -> None: ...
    def observe(self, epoch: int, metrics: dict[str, float]) -> None: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any], /) -> None: ...


class WeightAverage(Protocol):
    """An average of the weights over the updates; ``module`` is a copy of the model that carries it."""

    module: nn.Module

    def update(self, model: nn.Module) -> None: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any], /) -> None: ...


class Batches(Protocol):
    """Training data: a pure function of the cursor, so it has no state to save."""

    batches_per_epoch: int | None

    def take(self, cursor: Cursor, count: int) -> tuple[list[Batch], Cursor]:
        """The next ``count`` batches (fewer at the end of the epoch) and the cursor after them."""
        ...

    def close(self) -> None:
        """Stop worker processes and threads."""
        ...


class RunningMean:
    """Weighted mean in float64 whose bits don't depend on when it is read.

    Values stay on the device until somebody reads the mean or ``capacity`` of them wait; then one transfer brings
    them all, and they are added one by one in order.
    """

    def __init__(self, capacity: int = 256) -> None:
        self.capacity = capacity
        self.total = 0.0
        self.weight = 0.0
        self._waiting: list[tuple[Tensor, float | Tensor]] = []

    def add(self, value: Tensor | float, weight: float | Tensor) -> None:
        if isinstance(value, float):
            self._flush()
            self.total += value * float(weight)
            self.weight += float(weight)
            return
        self._waiting.append((value, weight))
        if len(self._waiting) >= self.capacity:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        values = torch.stack([value for value, _ in self._waiting]).double().tolist()
        for value, (_, weight) in zip(values, self._waiting, strict=True):
            self.total += value * float(weight)
            self.weight += float(weight)
        self._waiting.clear()

    def mean(self) -> float:
        self._flush()
        return self.total / self.weight if self.weight else math.nan

    def reset(self) -> None:
        self._waiting.clear()
        self.total = self.weight = 0.0

    def state_dict(self) -> dict[str, Any]:
        self._flush()
        return {"total": self.total, "weight": self.weight}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._waiting.clear()
        self.total, self.weight = float(state_dict["total"]), float(state_dict["weight"])


@dataclass
class Progress:
    """How the monitored metric has gone: the best value so far and how long ago that was."""

    best: float | None = None
    best_step: int = 0
    best_epoch: int = 0
    epochs_without_improvement: int = 0
    last_metrics: dict[str, float] = field(default_factory=dict)


@dataclass(kw_only=True)
class TrainState:
    """Everything that training changes. ``state_dict`` is complete: what it returns is enough to go on, bit for bit.

    ``epoch_loss`` and ``epoch_metrics`` average over the training batches of the current epoch; ``skip_steps`` are
    updates that must not be made, because their loss was not finite before a rewind; ``memory`` is for the plain data
    of whoever watches the run (monitors, the digest chain): saved with the rest.
    """

    model: nn.Module
    objective: Objective
    optimizers: dict[str, torch.optim.Optimizer]
    device: torch.device
    schedules: dict[str, Schedule] = field(default_factory=dict)
    scaler: torch.amp.GradScaler | None = None
    ema: WeightAverage | None = None
    normalizer: nn.Module | None = None
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    clip_norm: float | None = None
    clip_value: float | None = None
    non_finite: Policy = "stop"
    frozen: tuple[nn.Module, ...] = ()

    step: int = 0
    samples: int = 0
    skipped: int = 0
    skip_steps: set[int] = field(default_factory=set)
    cursor: Cursor = field(default_factory=Cursor)
    epoch_loss: RunningMean = field(default_factory=RunningMean)
    epoch_metrics: Mapping[str, Metric] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """The only optimizer."""
        (optimizer,) = self.optimizers.values()
        return optimizer

    @property
    def learning_rate(self) -> float:
        """The rate of the first group of the first optimizer, for the log."""
        group = next(iter(self.optimizers.values())).param_groups[0]
        return float(group["lr"])

    def autocast(self) -> AbstractContextManager[Any]:
        """The context for forward passes in this run's precision."""
        if self.precision == "fp32":
            return nullcontext()
        dtype = torch.bfloat16 if self.precision == "bf16" else torch.float16
        return torch.autocast(self.device.type, dtype=dtype)

    def train_mode(self) -> None:
        """Put the model in train mode, and what is frozen in eval mode, so that its BatchNorm statistics stay."""
        self.model.train()
        for module in self.frozen:
            module.eval()

    def _parts(self) -> Iterator[tuple[str, Stateful]]:
        yield "model", self.model
        if isinstance(self.objective, nn.Module):
            yield "objective", self.objective
        if self.normalizer is not None:
            yield "normalizer", self.normalizer
        for name, optimizer in self.optimizers.items():
            yield f"optimizer/{name}", optimizer
        for name, schedule in self.schedules.items():
            yield f"schedule/{name}", schedule
        if self.scaler is not None:
            yield "scaler", self.scaler
        if self.ema is not None:
            yield "ema", self.ema
        yield "epoch_loss", self.epoch_loss
        for name, metric in self.epoch_metrics.items():
            yield f"epoch_metric/{name}", metric

    def start_epoch(self) -> None:
        """Forget what was averaged over the last epoch."""
        self.epoch_loss.reset()
        if self.epoch_metrics:
            self.epoch_metrics = self.objective.metrics()

    def state_dict(self) -> dict[str, Any]:
        """All of it: nested dicts of tensors (not copied) and plain data."""
        state: dict[str, Any] = {name: part.state_dict() for name, part in self._parts()}
        state["counters"] = {
            "step": self.step,
            "samples": self.samples,
            "skipped": self.skipped,
            "skip_steps": sorted(self.skip_steps),
            "epoch": self.cursor.epoch,
            "batch": self.cursor.batch,
            "position": self.cursor.position,
        }
        state["progress"] = {**vars(self.progress), "last_metrics": dict(self.progress.last_metrics)}
        state["memory"] = dict(self.memory)
        state["rng"] = capture_rng()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put everything back, the random generators last."""
        for name, part in self._parts():
            part.load_state_dict(state[name])
        counters = state["counters"]
        self.step, self.samples, self.skipped = counters["step"], counters["samples"], counters["skipped"]
        self.skip_steps = set(counters["skip_steps"])
        self.cursor = Cursor(counters["epoch"], counters["batch"], counters["position"])
        self.progress = Progress(**state["progress"])
        self.memory = dict(state["memory"])
        restore_rng(state["rng"])


@dataclass(slots=True)
class StepRecord:
    """What one update reports. Tensors stay on the device until somebody reads them.

    ``step`` counts updates, this one included; ``epoch`` counts from 0; ``indices`` are the sample numbers of each
    micro-batch; ``loss`` is the mean over the whole window, and ``value`` the same as a number, where it has been read;
    ``media`` is what to show besides numbers, by name, when this update is logged (see ``loop.Step``); ``note`` a
    sentence for whoever watches.
    """

    step: int
    epoch: int
    ends_epoch: bool
    loss: Tensor
    learning_rate: float
    num_samples: int
    indices: list[npt.NDArray[np.int64]]
    grad_norm: Tensor | None = None
    skipped: bool = False
    scalars: dict[str, Tensor | float] = field(default_factory=dict)
    value: float | None = None
    media: Mapping[str, tuple[str, Any]] | None = None
    note: str | None = None


def read_losses(records: Sequence[StepRecord]) -> None:
    """Read the losses that nobody has read yet, in one transfer from the device, into ``value``."""
    unread = [record for record in records if record.value is None]
    if unread:
        losses = torch.stack([record.loss.detach().reshape(()) for record in unread]).tolist()
        for record, loss in zip(unread, losses, strict=True):
            record.value = loss


TrainStep = Callable[[TrainState, Sequence[Batch]], StepRecord]


@dataclass(kw_only=True)
class Job:
    """A training that is put together and ready to go: its state, its data, its horizon and its update.

    ``total_steps`` is None for data of unknown length without a stated number of steps.
    """

    state: TrainState
    batches: Batches
    train_step: TrainStep
    total_steps: int | None
    total_epochs: int | None = None
    accumulate: int = 1

    def finished(self) -> bool:
        """Whether the horizon is reached, in steps where their number is known, else in epochs."""
        if self.total_steps is not None and self.state.step >= self.total_steps:
            return True
        return self.total_epochs is not None and self.state.cursor.epoch >= self.total_epochs
