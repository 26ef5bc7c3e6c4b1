"""The fast form of an update: a function with the signature of ``loop.train_step`` that gives the same bits.

Where it does not apply it calls ``loop.train_step`` itself. What else there is, and which one a training gets, is in
``seedbed.speed.choose``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seedbed.batch import Batch
from seedbed.loop import clip_gradients, count, is_finite, non_finite, train_step
from seedbed.optim.fused import FusedUpdate
from seedbed.state import StepRecord, TrainState, TrainStep

BACKWARD = Tensor.backward
ENGINE: Callable[..., Any] | None = getattr(
    getattr(torch.autograd.Variable, "_execution_engine", None), "run_backward", None
)


def is_plain(step: TrainStep) -> bool:
    """Whether an update is ``train_step`` or a fast form of it, not one of the user's."""
    return step is train_step or isinstance(step, FastStep)


@dataclass(slots=True)
class Passed:
    """What forward, backward and clipping leave: the loss without its graph, the outputs, the norm before clipping."""

    loss: Tensor
    outputs: Any
    grad_norm: Tensor | None


class FastStep:
    """``train_step`` for one batch without a loss scaler: kernels called directly, the loss read once on the CPU."""

    def __init__(self, state: TrainState) -> None:
        self.optimizers = list(state.optimizers.values())
        self.updates = [FusedUpdate(optimizer) for optimizer in self.optimizers]
        self.one = torch.ones((), device=state.device)

    def __call__(self, state: TrainState, batches: Sequence[Batch]) -> StepRecord:
        """One update; see ``train_step``, which this follows line by line."""
        if len(batches) != 1 or state.skip_steps or Tensor.backward is not BACKWARD:
            return train_step(state, batches)
        (batch,) = batches
        self.forget_gradients()
        weight = state.objective.weight(batch)
        passed = self.differentiate(state, batch)
        loss, grad_norm = passed.loss, passed.grad_norm
        for metric in state.epoch_metrics.values():
            metric.update(passed.outputs, batch)
        value = loss.item() if loss.device.type == "cpu" else None
        finite = is_finite(state, loss, grad_norm) if value is None or grad_norm is not None else math.isfinite(value)
        if not finite and state.non_finite != "skip":
            raise non_finite(state, loss, batches)
        learning_rate = state.learning_rate
        if finite:
            for update in self.updates:
                update()
        for schedule in state.schedules.values():
            schedule.apply(state.step + 1)
        if finite and state.ema is not None:
            state.ema.update(state.model)
        skipped = not finite
        return count(state, batches, loss, weight, learning_rate, grad_norm=grad_norm, skipped=skipped, value=value)

    def forget_gradients(self) -> None:
        """Gradients of all parameters that are trained are none."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.grad = None

    def differentiate(self, state: TrainState, batch: Batch) -> Passed:
        """Forward, backward and clipping; the gradients are in the parameters afterwards."""
        loss, outputs = self.make_gradients(state, batch)
        return Passed(loss, outputs, clip_gradients(state))

    def make_gradients(self, state: TrainState, batch: Batch) -> tuple[Tensor, Any]:
        """Forward and backward: the loss without its graph, and the outputs."""
        with state.autocast():
            outcome = state.objective(state.model, batch)
        self.backward(outcome.loss)
        return outcome.loss.detach(), outcome.outputs

    def backward(self, loss: Tensor) -> None:
        """``loss.backward()`` without the checks of its arguments, which take as long as a small model's backward."""
        if self.one.dtype is not loss.dtype or self.one.device != loss.device or self.one.shape != loss.shape:
            self.one = torch.ones_like(loss)
        if ENGINE is None or type(loss) is not Tensor or not loss.requires_grad or torch.is_grad_enabled() is False:
            loss.backward()
            return
        ENGINE((loss,), (self.one,), False, False, (), allow_unreachable=True, accumulate_grad=True)
