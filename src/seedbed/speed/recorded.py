"""An update whose forward and backward pass are replayed from a tape (``seedbed.speed.tapes``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.batch import Batch
from seedbed.fast import FastStep, Passed
from seedbed.loop import clip_gradients
from seedbed.speed.pure import Constant, ImpureError, constants_of
from seedbed.speed.tapes import Passes, Tapes
from seedbed.state import TrainState


class RecordedStep(FastStep):
    """``FastStep`` whose forward and backward pass are replayed, for a training on the CPU.

    Args:
        state: The training.
        constants: Attributes that the code reads, from ``constants_of``.
    """

    def __init__(self, state: TrainState, constants: Sequence[Constant] = ()) -> None:
        super().__init__(state)
        self.tapes = Tapes(PassesOfStep(self, state, constants))

    def differentiate(self, state: TrainState, batch: Batch) -> Passed:
        """From the tape where there is one that fits, else the plain way."""
        loss, outputs = self.tapes.gradients(batch)
        return Passed(loss, outputs, clip_gradients(state))


class PassesOfStep(Passes):
    """Forward and backward as a ``FastStep`` makes them."""

    def __init__(self, step: FastStep, state: TrainState, constants: Sequence[Constant]) -> None:
        parts = [part for part in (state.model, state.objective) if isinstance(part, nn.Module)]
        parameters = dict.fromkeys(p for part in parts for p in part.parameters())
        super().__init__(parts, list(parameters), constants, [torch.default_generator])
        self.step, self.state = step, state
        self.tables = [table for module in self.modules for table in (module._parameters, module._buffers) if table]

    def make(self, batch: Batch) -> tuple[Tensor, Any]:
        """As ``FastStep`` makes them."""
        return self.step.make_gradients(self.state, batch)

    def memory(self) -> list[Tensor]:
        """Weights, buffers, and the one that backward begins with."""
        return [*[tensor for table in self.tables for tensor in table.values() if tensor is not None], self.step.one]

    def buffers(self) -> list[Tensor]:
        """Of model and objective."""
        return [buffer for module in self.modules for buffer in module._buffers.values() if buffer is not None]

    def number(self) -> int:
        """Which update it is, counted from 1."""
        return self.state.step + 1


def recorded(state: TrainState) -> RecordedStep | str:
    """The recorded form of a training's update, or why it has none, as half a sentence."""
    if state.device.type != "cpu":
        return f"the training is on {state.device.type}"
    if state.scaler is not None:
        return "a loss scaler reads the gradients"
    try:
        constants = [c for part in (state.model, state.objective) for c in constants_of(part)]
    except ImpureError as error:
        return str(error)
    return RecordedStep(state, constants)
