"""The loop: one update of the weights in reading order, and a generator of them.

The loop knows no tracker, no checkpointer and no monitor: who wants to do something now and then does it between
two records (see ``seedbed.run.train``).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from seedbed.batch import Batch
from seedbed.errors import TrainingError
from seedbed.state import Job, StepRecord, TrainState, TrainStep


class NonFiniteError(TrainingError):
    """The loss or the gradient norm of an update is not finite. On the CPU the weights were left as they were."""

    def __init__(self, step: int, loss: float, indices: Sequence[int], batches: Sequence[Batch] = ()) -> None:
        super().__init__(f"step {step}: the loss is {loss}")
        self.step = step
        self.loss = loss
        self.indices = list(indices)
        self.batches = batches


def non_finite(state: TrainState, loss: Tensor, batches: Sequence[Batch]) -> NonFiniteError:
    """The error for the update that was about to be made."""
    return NonFiniteError(state.step + 1, float(loss), [int(i) for b in batches for i in b.indices], batches)


def steps(job: Job) -> Iterator[StepRecord]:
    """Make updates until the horizon; yield what each one reports. May be stopped and started again at any record."""
    state = job.state
    state.train_mode()
    while not job.finished():
        if state.cursor.batch == 0:
            state.start_epoch()
        batches, cursor = job.batches.take(state.cursor, job.accumulate)
        state.cursor, epoch = cursor, state.cursor.epoch
        record = job.train_step(state, batches)
        record.epoch, record.ends_epoch = epoch, cursor.epoch > epoch
        yield record


def train_step(state: TrainState, batches: Sequence[Batch]) -> StepRecord:
    """One update from one or more micro-batches, exactly the update of the one large batch that they make up."""
    model, objective = state.model, state.objective
    for optimizer in state.optimizers.values():
        optimizer.zero_grad()

    # the mean over the window is the mean over all its samples (or tokens), not the mean of the batches' means
    weights = [objective.weight(batch) for batch in batches]
    total = sum(weights)
    shares: list[Tensor] = []
    for batch, weight in zip(batches, weights, strict=True):
        with state.autocast():
            outcome = objective(model, batch)
        share = outcome.loss if len(batches) == 1 else outcome.loss * (weight / total)
        (share if state.scaler is None else state.scaler.scale(share)).backward()
        shares.append(share.detach())
        for metric in state.epoch_metrics.values():
            metric.update(outcome.outputs, batch)
    loss = shares[0] if len(shares) == 1 else torch.stack(shares).sum()

    if state.scaler is not None:
        for optimizer in state.optimizers.values():
            state.scaler.unscale_(optimizer)
    grad_norm = clip_gradients(state)

    skip = state.step + 1 in state.skip_steps
    finite = not skip and is_finite(state, loss, grad_norm)
    if not finite and not skip and state.non_finite != "skip":
        raise non_finite(state, loss, batches)
    learning_rate = state.learning_rate
    if finite:
        for optimizer in state.optimizers.values():
            if state.scaler is None:
                optimizer.step()
            else:
                state.scaler.step(optimizer)
        if state.scaler is not None:
            state.scaler.update()
    for schedule in state.schedules.values():
        schedule.apply(state.step + 1)
    if finite and state.ema is not None:
        state.ema.update(model)
    return count(state, batches, loss, total, learning_rate, grad_norm=grad_norm, skipped=not finite)


def count(
    state: TrainState,
    batches: Sequence[Batch],
    loss: Tensor,
    weight: float | Tensor,
    learning_rate: float,
    *,
    grad_norm: Tensor | None = None,
    skipped: bool = False,
    scalars: dict[str, Tensor | float] | None = None,
    value: float | None = None,
) -> StepRecord:
    """Count the update that was just made and report it.

    ``weight`` is what ``loss`` is a mean over; ``value`` the loss as a number, where it has been read already.
    """
    num_samples = sum(batch.num_samples for batch in batches)
    state.step += 1
    state.samples += num_samples
    if skipped:
        state.skipped += 1
    else:
        state.epoch_loss.add(loss if value is None else value, weight)
    return StepRecord(
        step=state.step,
        epoch=state.cursor.epoch,
        ends_epoch=False,
        loss=loss,
        learning_rate=learning_rate,
        num_samples=num_samples,
        indices=[batch.indices for batch in batches],
        grad_norm=grad_norm,
        skipped=skipped,
        scalars=scalars or {},
        value=value,
    )


def clip_gradients(state: TrainState) -> Tensor | None:
    """Clip by the global norm, by value, or not at all; the norm (before clipping) where it was computed."""
    if state.clip_norm is None and state.clip_value is None:
        return None
    parameters = [p for o in state.optimizers.values() for group in o.param_groups for p in group["params"]]
    if state.clip_value is not None:
        torch.nn.utils.clip_grad_value_(parameters, state.clip_value)
    if state.clip_norm is None:
        return None
    return torch.nn.utils.clip_grad_norm_(parameters, state.clip_norm)


def is_finite(state: TrainState, loss: Tensor, grad_norm: Tensor | None) -> bool:
    """Whether the update may be made.

    On the CPU this reads the numbers before the weights are touched. On a GPU reading would stall the device at
    every step, so only the policy ``skip`` pays for it; else the reader of the records finds out a little later,
    and always before a checkpoint. A gradient norm that overflows under a loss scaler is the scaler's business.
    """
    if loss.device.type != "cpu" and state.non_finite != "skip":
        return True
    if not math.isfinite(loss.item()):
        return False
    return grad_norm is None or state.scaler is not None or math.isfinite(grad_norm.item())


@dataclass(slots=True)
class Step:
    """What a custom update reports: its loss (a scalar tensor without its graph) and more numbers by name.

    ``media`` is shown by TensorBoard and W&B whenever an update is logged (``tracking.log_every``): by name a kind
    ("image", "mesh", "histogram", "text", …, see ``tracking.tracker``) and a value, or a function that makes the value
    and is called only then.
    """

    loss: Tensor
    scalars: dict[str, Tensor | float] = field(default_factory=dict)
    media: Mapping[str, tuple[str, Any]] | None = None


def custom_step(update: Callable[[TrainState, Batch], Step]) -> TrainStep:
    """Make a ``TrainStep`` of a function that does a whole update by itself: GANs, hand-written backwards, RL.

    ``update(state, batch)`` zeroes gradients, goes backward and calls its optimizers; schedules, EMA and counting
    stay here, and so do resume, digests and tracking.
    """

    @functools.wraps(update)
    def step(state: TrainState, batches: Sequence[Batch]) -> StepRecord:
        (batch,) = batches
        result = update(state, batch)
        loss = result.loss.detach()
        if not is_finite(state, loss, None):
            raise non_finite(state, loss, batches)
        learning_rate = state.learning_rate
        for schedule in state.schedules.values():
            schedule.apply(state.step + 1)
        if state.ema is not None:
            state.ema.update(state.model)
        record = count(state, batches, loss, batch.num_samples, learning_rate, scalars=result.scalars)
        record.media = result.media
        return record

    return step
