"""What the rules on a job look at: its config, and what became of it when it was put together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from seedbed.build import Training, count_parameters, count_steps
from seedbed.config.schema import Config
from seedbed.data.samples import TensorSamples
from seedbed.doctor.codes import CHECKS
from seedbed.doctor.finding import Finding
from seedbed.optim.schedules import FactorSchedule
from seedbed.parts import optimizer_configs

POINTS = 400  # places at which a schedule is looked at


@dataclass(frozen=True)
class Facts:
    """A job and its numbers. None where the data don't say."""

    training: Training

    @property
    def config(self) -> Config:
        """The resolved config."""
        return self.training.config

    @property
    def info(self) -> dict[str, Any]:
        """What is known of the data: task, num_classes, input_shape, …."""
        return self.training.data.info

    @property
    def num_train(self) -> int | None:
        """Training samples."""
        return self.training.num_train

    @property
    def num_val(self) -> int | None:
        """Validation samples."""
        return getattr(self.training.data.val, "num_samples", None)

    @property
    def batch_size(self) -> int | None:
        """Samples in a training batch."""
        return getattr(self.training.data.train, "batch_size", None)

    @property
    def batches_per_epoch(self) -> int | None:
        """Training batches in an epoch."""
        return self.training.job.batches.batches_per_epoch

    @property
    def steps_per_epoch(self) -> int | None:
        """Updates in an epoch."""
        return count_steps(self.batches_per_epoch, self.config.trainer.accumulate)

    @property
    def total_steps(self) -> int | None:
        """Updates in the whole training."""
        return self.training.job.total_steps

    @property
    def epochs(self) -> float | None:
        """Length of the training in epochs."""
        if self.total_steps is not None and self.steps_per_epoch:
            return self.total_steps / self.steps_per_epoch
        return self.config.trainer.epochs

    @property
    def is_large(self) -> bool:
        """Whether the model is too large to be copied and run a few times by the way."""
        state = self.training.job.state
        return count_parameters(state.model) > (2_000_000 if state.device.type == "cpu" else 100_000_000)

    @cached_property
    def in_memory(self) -> TensorSamples | None:
        """The training samples, where they lie in memory."""
        samples = getattr(self.training.data.train, "samples", None)
        return samples if isinstance(samples, TensorSamples) else None

    @cached_property
    def curve(self) -> list[tuple[int, float]]:
        """``(update, factor)`` of the learning rate over the run, where it is a function of the update."""
        total = self.total_steps
        for schedule in self.training.job.state.schedules.values():
            if isinstance(schedule, FactorSchedule) and total:
                marks = sorted({round(i * (total - 1) / (POINTS - 1)) for i in range(POINTS)})
                return [(step, schedule.factor(step)) for step in marks]
        return []

    def groups(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """``(config key, class name, options)`` of every parameter group of every optimizer."""
        several = len(optimizer_configs(self.config)) > 1
        for name, optimizer in self.training.job.state.optimizers.items():
            for group in optimizer.param_groups:
                yield f"optimizer.{name}" if several else "optimizer", type(optimizer).__name__, group

    def labels(self) -> torch.Tensor | None:
        """The training labels, shape (N,), where there is one whole number per sample in memory."""
        return labels_of(self.in_memory)


def labels_of(samples: Any) -> torch.Tensor | None:
    """The labels of a split, shape (N,), where they are whole numbers in memory."""
    if not isinstance(samples, TensorSamples) or not isinstance(samples.targets, torch.Tensor):
        return None
    targets = samples.targets
    if targets.ndim != 1 or targets.is_floating_point() or targets.dtype == torch.bool:
        return None
    return targets[torch.from_numpy(samples.rows)].long()


def report(code: str, key: str, title: str, *, why: str, fix: str, severity: Any = None, **evidence: Any) -> Finding:
    """A finding about a job.

    Args:
        code: Its code in the table.
        key: The config key, module or parameter that it is about.
        title: What is wrong, with its numbers.
        why: What happens because of it.
        fix: What to write instead.
        severity: The table's if None.
        evidence: The numbers seen.
    """
    fields = {} if severity is None else {"severity": severity}
    why = why[:1].upper() + why[1:]
    return CHECKS[code].finding(
        title,
        where=key,
        why=why,
        fix=fix,
        evidence={k: tidy(v) for k, v in evidence.items()},
        source="dynamic",
        **fields,
    )


def tidy(value: Any) -> Any:
    """Numbers with four digits, so that a report reads well and is the same on every machine."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
