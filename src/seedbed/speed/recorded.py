"""An update whose forward and backward pass are replayed from a tape (``seedbed.speed.tape``).

Small models spend more time in modules, graph building and the backward engine than in kernels. The tape leaves that
out, and gives the same bits. It is used where it is known to be the same: the code is a function of its inputs
(``seedbed.speed.pure``), everything else that the tape takes for constant is looked at before every replay, and the
replays with the numbers 1, 2, 4, 8, … are made the plain way too and compared bit by bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module

from seedbed.batch import Batch, leaves, same_bits
from seedbed.errors import TrainingError
from seedbed.fast import FastStep, Passed
from seedbed.loop import clip_gradients
from seedbed.optim.fused import KERNELS_ONLY
from seedbed.speed.compiled import shapes_of, snapshot
from seedbed.speed.pure import Constant, ImpureError, constants_of
from seedbed.speed.tape import NotRecordedError, Recorder, Replay
from seedbed.state import TrainState

MOST_TAPES = 4  # batches of more shapes than that go the plain way
MOST_RECORDS = 8  # what changes more often than that is no constant of a tape
IS_TRAINING, NEEDS_GRADIENT = attrgetter("training"), attrgetter("requires_grad")
PLAIN = {int, float, bool, str, type(None)}  # nearly every constant
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
MODES = [
    count
    for name in ("_len_torch_function_stack", "_len_torch_dispatch_stack")
    if (count := getattr(torch._C, name, None)) is not None
]


@dataclass(slots=True)
class Tape:
    """What is known of batches of one shape: how often they came, and how they are replayed.

    ``outputs`` is the outputs' structure with a result's number for each tensor; ``trained`` are the parameters whose
    gradients are the results after the loss; ``guard`` is what the tape takes for constant.
    """

    seen: int = 0
    replay: Replay | None = None
    replays: int = 0
    outputs: Any = None
    trained: tuple[Tensor, ...] = ()
    guard: Any = None


class RecordedStep(FastStep):
    """``FastStep`` whose forward and backward pass are replayed, for a training on the CPU.

    The first batch of a shape goes the plain way, the second is recorded while it does, the third is replayed.

    Args:
        state: The training.
        constants: Attributes that the code reads, from ``constants_of``.
    """

    def __init__(self, state: TrainState, constants: Sequence[Constant] = ()) -> None:
        super().__init__(state)
        parts = [part for part in (state.model, state.objective) if isinstance(part, nn.Module)]
        self.modules = list(dict.fromkeys(module for part in parts for module in part.modules()))
        self.tables = [table for module in self.modules for table in (module._parameters, module._buffers) if table]
        self.parameters = list(dict.fromkeys(p for part in parts for p in part.parameters()))
        self.constants = list(constants)
        self.places = [(constant.namespace, constant.name) for constant in constants]
        self.hooks = [getattr(module, name) for module in self.modules for name in HOOKS]
        self.hooks += [getattr(torch_module, f"_global{name}") for name in HOOKS]
        self.tapes: dict[Any, Tape | None] = {}
        self.given_up = False
        self.why_not: str | None = None

    def differentiate(self, state: TrainState, batch: Batch) -> Passed:
        """From the tape where there is one that fits, else the plain way."""
        if self.given_up:
            return super().differentiate(state, batch)
        tensors = [*leaves(batch.inputs), *leaves(batch.targets)]
        tape = self.tape_for(batch, tensors)
        if tape is None or self.is_watched():
            return super().differentiate(state, batch)
        guard = self.constant_things()
        if tape.replay is None or tape.guard != guard:
            tape.seen += 1
            if tape.seen > MOST_RECORDS:
                self.give_up("what it takes for constant changes too often")
            if tape.seen == 1 or self.given_up:
                return super().differentiate(state, batch)
            return self.record(state, batch, tensors, tape, guard)
        tape.replays += 1
        if tape.replays & (tape.replays - 1) == 0:
            loss, outputs = self.compare(state, batch, tensors, tape)
        else:
            try:
                loss, outputs = self.run(tensors, tape)
            except Exception:  # whatever a kernel raises: a mistake in the data is said as it is without a tape
                self.make_gradients(state, batch)
                raise
        return Passed(loss, outputs, clip_gradients(state))

    def tape_for(self, batch: Batch, tensors: Sequence[Tensor]) -> Tape | None:
        """The tape for batches of this shape, an empty one at first; None if there is none."""
        key: Any = (len(batch.indices), *((t.shape, t.dtype, t.stride()) for t in tensors))
        if not (type(batch.inputs) is type(batch.targets) is Tensor):
            key = (key, repr(shapes_of(batch)))
        if key not in self.tapes:
            self.tapes[key] = Tape() if len(self.tapes) < MOST_TAPES else None
        return self.tapes[key]

    def is_watched(self) -> bool:
        """Whether somebody looks at modules, gradients or calls, who would see nothing of a replay."""
        return (
            any(self.hooks)
            or any(count() for count in MODES)
            or any(p._backward_hooks or p._post_accumulate_grad_hooks for p in self.parameters)
            or torch.is_anomaly_enabled()
        )

    def constant_things(self) -> list[Any]:
        """What the tape depends on besides the batch and the contents of weights and buffers."""
        tensors = [tensor for table in self.tables for tensor in table.values() if tensor is not None]
        return [
            list(map(IS_TRAINING, self.modules)),
            list(map(Tensor.data_ptr, tensors)),
            list(map(NEEDS_GRADIENT, tensors)),
            [v if type(v) in PLAIN else tensor_place(v) for v in [table.get(name) for table, name in self.places]],
        ]

    def run(self, tensors: Sequence[Tensor], tape: Tape) -> tuple[Tensor, Any]:
        """Loss and outputs from the tape; the gradients are in the parameters afterwards."""
        assert tape.replay is not None
        with KERNELS_ONLY():
            results = tape.replay(*tensors)
        for parameter, gradient in zip(tape.trained, results[1:], strict=False):
            parameter.grad = gradient
        if type(tape.outputs) is int:
            return results[0], results[tape.outputs]
        return results[0], fill(tape.outputs, results)

    def record(self, state: TrainState, batch: Batch, tensors: Sequence[Tensor], tape: Tape, guard: Any) -> Passed:
        """The plain way, written down."""
        fixed = [*self.parameters, *(b for m in self.modules for b in m._buffers.values() if b is not None), self.one]
        fixed += [value for constant in self.constants if isinstance(value := constant.read(), Tensor)]
        try:
            recorder = Recorder(tensors, fixed)
        except NotRecordedError as error:
            self.give_up(str(error))
            return super().differentiate(state, batch)
        with recorder:
            loss, outputs = self.make_gradients(state, batch)
        trained = tuple(p for p in self.parameters if p.grad is not None)
        wanted = [loss, *(p.grad for p in trained if p.grad is not None)]
        try:
            tape.outputs = describe(outputs, wanted)
            tape.replay, tape.replays = recorder.finish(wanted), 0
            tape.trained, tape.guard = trained, [[list(v) if type(v) is list else v for v in part] for part in guard]
        except NotRecordedError as error:
            self.give_up(str(error))
        return Passed(loss, outputs, clip_gradients(state))

    def compare(self, state: TrainState, batch: Batch, tensors: Sequence[Tensor], tape: Tape) -> tuple[Tensor, Any]:
        """The plain way, after the tape's: what they give must be the same.

        Raises:
            TrainingError: It is not, and an update has been made from this tape before.
        """
        generator, restore = torch.get_rng_state(), snapshot(state)
        try:
            loss, outputs = self.run(tensors, tape)
            found = [loss, *leaves(outputs), *(p.grad for p in self.parameters)]
        except Exception:  # whatever a kernel raises; the plain way says what is wrong, or there is none
            found = []
        buffers = [b.clone() for m in self.modules for b in m._buffers.values() if b is not None]
        drawn = torch.get_rng_state()
        restore()
        torch.set_rng_state(generator)
        self.forget_gradients()
        loss, outputs = self.make_gradients(state, batch)
        expected = [loss, *leaves(outputs), *(p.grad for p in self.parameters)]
        expected += [b for m in self.modules for b in m._buffers.values() if b is not None]
        same = len(found) + len(buffers) == len(expected) and all(map(same_bits, [*found, *buffers], expected))
        if not same or not torch.equal(drawn, torch.get_rng_state()):
            self.give_up("what is replayed is not what the model gives")
            if tape.replays > 1:
                raise TrainingError(
                    f"step {state.step + 1}: the recorded update is not what the model gives, so the updates before it "
                    "may not be either: something besides the batch, the weights and the buffers decides what the "
                    "model computes; set trainer.recorded to false and train again"
                )
        return loss, outputs

    def give_up(self, reason: str) -> None:
        """Let every batch go the plain way from now on."""
        self.tapes = dict.fromkeys(self.tapes)
        self.given_up, self.why_not = True, reason


def tensor_place(value: Any) -> Any:
    """A constant as it can be compared: a tensor by where it lies, because its contents are read anew."""
    return value.data_ptr() if isinstance(value, Tensor) else value


def describe(outputs: Any, wanted: list[Tensor]) -> Any:
    """The structure of outputs; their tensors are appended to what is wanted, and stand as numbers there.

    Raises:
        NotRecordedError: They hold something else than tensors.
    """
    if isinstance(outputs, Tensor):
        wanted.append(outputs)
        return len(wanted) - 1
    if type(outputs) is dict:
        return {key: describe(value, wanted) for key, value in outputs.items()}
    if type(outputs) in (list, tuple):
        return type(outputs)(describe(value, wanted) for value in outputs)
    raise NotRecordedError(f"the outputs hold a {type(outputs).__name__}")


def fill(structure: Any, results: Sequence[Tensor]) -> Any:
    """The structure with results for their numbers."""
    if type(structure) is int:
        return results[structure]
    if type(structure) is dict:
        return {key: fill(value, results) for key, value in structure.items()}
    return type(structure)(fill(value, results) for value in structure)


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
