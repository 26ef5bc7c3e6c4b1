"""When forward and backward of a batch are recorded (``seedbed.speed.tape``), replayed, looked at again, or given up.

The tape leaves out modules, graph building and the backward engine, which take longer than the kernels of a small
model, and gives the same bits. It is used where it is known to be the same: the code is a function of its inputs
(``seedbed.speed.pure``), everything else that the tape takes for constant is looked at before every replay, and the
replays with the numbers 1, 2, 4, 8, … are made the plain way too and compared bit by bit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module

from seedbed.batch import Batch, leaves, same_bits
from seedbed.errors import TrainingError
from seedbed.optim.fused import KERNELS_ONLY
from seedbed.speed.compiled import shapes_of
from seedbed.speed.pure import Constant
from seedbed.speed.tape import PLAIN as PLAIN_TENSORS
from seedbed.speed.tape import NotRecordedError, Recorder, Replay

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


class Passes(ABC):
    """Forward and backward of one batch as the code makes them, and what they depend on besides the batch.

    Args:
        parts: The modules whose code runs.
        parameters: What gets gradients.
        constants: Attributes that the code reads, from ``constants_of``.
        generators: What random numbers are drawn from.
    """

    kinds: Sequence[type[Tensor]] = PLAIN_TENSORS  # what may be recorded

    def __init__(
        self,
        parts: Sequence[nn.Module],
        parameters: Sequence[Tensor],
        constants: Sequence[Constant],
        generators: Sequence[torch.Generator],
    ) -> None:
        self.modules = list(dict.fromkeys(module for part in parts for module in part.modules()))
        self.parameters = list(parameters)
        self.constants = list(constants)
        self.generators = list(generators)
        self.places = [(constant.namespace, constant.name) for constant in constants]
        self.hooks = [getattr(module, name) for module in self.modules for name in HOOKS]
        self.hooks += [getattr(torch_module, f"_global{name}") for name in HOOKS]

    @abstractmethod
    def make(self, batch: Batch) -> tuple[Tensor, Any]:
        """The loss without its graph, and the outputs; the gradients are in the parameters afterwards."""

    @abstractmethod
    def memory(self) -> list[Tensor]:
        """What is read where it lies: weights, buffers."""

    @abstractmethod
    def buffers(self) -> list[Tensor]:
        """What a forward pass may write to."""

    @abstractmethod
    def number(self) -> int:
        """Which update it is, counted from 1."""

    def tensors(self, batch: Batch) -> list[Tensor]:
        """What of a batch is read."""
        return [*leaves(batch.inputs), *leaves(batch.targets)]

    def forget_gradients(self) -> None:
        """The parameters have none."""
        for parameter in self.parameters:
            parameter.grad = None

    def is_watched(self) -> bool:
        """Whether somebody looks at modules, gradients or calls, who would see nothing of a replay."""
        return (
            any(self.hooks)
            or any(count() for count in MODES)
            or any(p._backward_hooks or p._post_accumulate_grad_hooks for p in self.parameters)
            or torch.is_anomaly_enabled()
        )

    def guard(self) -> list[Any]:
        """What a tape depends on besides the batch and the contents of weights and buffers."""
        tensors = self.memory()
        return [
            list(map(IS_TRAINING, self.modules)),
            list(map(Tensor.data_ptr, tensors)),
            list(map(NEEDS_GRADIENT, tensors)),
            [v if type(v) in PLAIN else tensor_place(v) for v in [table.get(name) for table, name in self.places]],
        ]

    def fixed(self) -> list[Tensor]:
        """The tensors that a tape may read besides those of the batch."""
        constants = [constant.read() for constant in self.constants]
        return [*self.memory(), *(value for value in constants if isinstance(value, Tensor))]


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


class Tapes:
    """Makes gradients from tapes, one for each shape of the batch, on the CPU.

    The first batch of a shape goes the plain way, the second is recorded while it does, the third is replayed.

    Args:
        passes: What is recorded.
    """

    def __init__(self, passes: Passes) -> None:
        self.passes = passes
        self.by_shape: dict[Any, Tape | None] = {}
        self.given_up = False
        self.why_not: str | None = None

    def gradients(self, batch: Batch) -> tuple[Tensor, Any]:
        """Loss and outputs as ``Passes.make`` gives them, from the tape where there is one that fits."""
        passes = self.passes
        if self.given_up:
            return passes.make(batch)
        tensors = passes.tensors(batch)
        tape = self.tape_for(batch, tensors)
        if tape is None or passes.is_watched():
            return passes.make(batch)
        guard = passes.guard()
        if tape.replay is None or tape.guard != guard:
            tape.seen += 1
            if tape.seen > MOST_RECORDS:
                self.give_up("what it takes for constant changes too often")
            if tape.seen == 1 or self.given_up:
                return passes.make(batch)
            return self.record(batch, tensors, tape, guard)
        tape.replays += 1
        if tape.replays & (tape.replays - 1) == 0:
            return self.compare(batch, tensors, tape)
        try:
            return self.run(tensors, tape)
        except Exception:  # whatever a kernel raises: a mistake in the data is said as it is without a tape
            passes.make(batch)
            raise

    def tape_for(self, batch: Batch, tensors: Sequence[Tensor]) -> Tape | None:
        """The tape for batches of this shape, an empty one at first; None if there is none."""
        key: Any = (len(batch.indices), *((t.shape, t.dtype, t.stride()) for t in tensors))
        if not (type(batch.inputs) is type(batch.targets) is Tensor):
            key = (key, repr(shapes_of(batch)))
        if key not in self.by_shape:
            self.by_shape[key] = Tape() if len(self.by_shape) < MOST_TAPES else None
        return self.by_shape[key]

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

    def record(self, batch: Batch, tensors: Sequence[Tensor], tape: Tape, guard: Any) -> tuple[Tensor, Any]:
        """The plain way, written down."""
        try:
            recorder = Recorder(tensors, self.passes.fixed(), self.passes.kinds)
        except NotRecordedError as error:
            self.give_up(str(error))
            return self.passes.make(batch)
        with recorder:
            loss, outputs = self.passes.make(batch)
        trained = tuple(p for p in self.passes.parameters if p.grad is not None)
        wanted = [loss, *(p.grad for p in trained if p.grad is not None)]
        try:
            tape.outputs = describe(outputs, wanted)
            tape.replay, tape.replays = recorder.finish(wanted), 0
            tape.trained, tape.guard = trained, [[list(v) if type(v) is list else v for v in part] for part in guard]
        except NotRecordedError as error:
            self.give_up(str(error))
        return loss, outputs

    def compare(self, batch: Batch, tensors: Sequence[Tensor], tape: Tape) -> tuple[Tensor, Any]:
        """The plain way, after the tape's: what they give must be the same.

        Raises:
            TrainingError: It is not, and an update has been made from this tape before.
        """
        passes = self.passes
        drawn_before = [generator.get_state() for generator in passes.generators]
        kept = [(buffer, buffer.detach().clone()) for buffer in passes.buffers()]
        try:
            loss, outputs = self.run(tensors, tape)
            found = [loss, *leaves(outputs), *(p.grad for p in passes.parameters)]
        except Exception:  # whatever a kernel raises; the plain way says what is wrong, or there is none
            found = []
        found += [buffer.clone() for buffer in passes.buffers()]
        drawn = [generator.get_state() for generator in passes.generators]
        with torch.no_grad():
            for buffer, value in kept:
                buffer.copy_(value)
        for generator, its in zip(passes.generators, drawn_before, strict=True):
            generator.set_state(its)
        passes.forget_gradients()
        loss, outputs = passes.make(batch)
        expected = [loss, *leaves(outputs), *(p.grad for p in passes.parameters), *passes.buffers()]
        same = len(found) == len(expected) and all(map(same_bits, found, expected))
        if not same or any(not torch.equal(a, g.get_state()) for a, g in zip(drawn, passes.generators, strict=True)):
            self.give_up("what is replayed is not what the model gives")
            if tape.replays > 1:
                raise TrainingError(
                    f"step {passes.number()}: the recorded update is not what the model gives, so the updates before "
                    "it may not be either: something besides the batch, the weights and the buffers decides what the "
                    "model computes; set trainer.recorded to false and train again"
                )
        return loss, outputs

    def give_up(self, reason: str) -> None:
        """Let every batch go the plain way from now on."""
        self.by_shape = dict.fromkeys(self.by_shape)
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
