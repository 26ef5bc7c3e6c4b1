"""A whole update recorded once and replayed: forward, backward, clipping, optimizer and EMA as one CUDA graph.

What changes from one update to the next comes in through memory that stays where it is: the batch through static
tensors, the learning rates through one tensor for each parameter group. The first updates run the same kernels without
a graph, and so does every batch of another shape, so that whether an update was replayed leaves no trace in its bits.

How a graph is recorded is a backend's business, so that everything else runs and is tested without a GPU:
https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from seedbed.batch import Batch, map_tensors
from seedbed.fast import BACKWARD, FastStep, Passed
from seedbed.loop import count, train_step
from seedbed.optim.ema import EMA
from seedbed.optim.fused import FusedUpdate
from seedbed.speed.compiled import SizeOnly, explain, shapes_of
from seedbed.state import StepRecord, TrainState

WARM_UP = 3  # updates before a graph is recorded: lazy initialisation must be over, as torch's notes ask
MOST_CAPTURES = 8  # what changes more often than that is no constant of the graph


@dataclass(slots=True)
class Update:
    """What one update leaves behind; in a graph's own memory once it is recorded."""

    passed: Passed
    weight: float | Tensor


class Backend(Protocol):
    """Runs and records functions on a device."""

    def warm_up(self, body: Callable[[], Update]) -> Update:
        """Run ``body`` now, in the surroundings in which it will be recorded."""
        ...

    def capture(self, body: Callable[[], Update]) -> tuple[Update, Callable[[], None]]:
        """Record ``body`` without running it; what it returns, and the function that runs the record."""
        ...


class CudaBackend:
    """CUDA graphs on one device, recorded on a stream of their own. Random numbers go on as without a graph: torch
    registers its generator with the graph and moves it by what was drawn.
    """

    def __init__(self, device: torch.device) -> None:
        self.stream = torch.cuda.Stream(device)
        self.device = device

    def warm_up(self, body: Callable[[], Update]) -> Update:
        """Run ``body`` on the stream that will record it; what comes after waits for it."""
        current = torch.cuda.current_stream(self.device)
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream):
            result = body()
        current.wait_stream(self.stream)
        return result

    def capture(self, body: Callable[[], Update]) -> tuple[Update, Callable[[], None]]:
        """Record ``body``; a read by the host inside it is an error of CUDA's."""
        graph = torch.cuda.CUDAGraph()
        # other threads (pinning of batches) may go on meanwhile
        with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
            result = body()
        return result, graph.replay


class CapturedStep(FastStep):
    """``FastStep`` as a recorded graph, for batches of the first one's shape.

    Args:
        state: The training.
        backend: Records and replays.
        inner: Makes the gradients: ``FastStep`` or ``CompiledStep``.
    """

    def __init__(self, state: TrainState, backend: Backend, inner: FastStep | None = None) -> None:
        super().__init__(state)
        self.backend, self.inner = backend, inner or FastStep(state)
        self.updates = [FusedUpdate(optimizer, rates_on_device=True) for optimizer in self.optimizers]
        modules = [module for module in (state.model, state.objective) if isinstance(module, nn.Module)]
        self.parameters = list(dict.fromkeys(p for module in modules for p in module.parameters()))
        self.shapes: Any = None
        self.static: Batch | None = None
        self.slots: list[Tensor] = []
        self.key: list[Any] | None = None
        self.replay: Callable[[], None] | None = None
        self.result: Update | None = None
        self.gradients: list[Tensor | None] = []
        self.attached = False
        self.warmed = self.captures = 0
        self.failed = False
        self.note: str | None = None

    def __call__(self, state: TrainState, batches: Sequence[Batch]) -> StepRecord:
        """One update; see ``loop.train_step``."""
        if len(batches) != 1 or state.skip_steps or Tensor.backward is not BACKWARD:
            return train_step(state, batches)
        (batch,) = batches
        if self.static is None:
            self.allocate(batch)
        for update in self.updates:
            update.write_rates()
        inside = ema_inside(state)
        fits = not self.failed and shapes_of(batch) == self.shapes
        done = self.recorded(state, batch) if fits else self.eagerly(state, batch)
        passed, weight = done.passed, done.weight
        # the graph writes its memory again at the next update, and numbers are read later
        loss, grad_norm = passed.loss.clone(), None if passed.grad_norm is None else passed.grad_norm.clone()
        weight = weight.clone() if isinstance(weight, Tensor) else weight
        for metric in state.epoch_metrics.values():
            metric.update(map_tensors(Tensor.clone, passed.outputs), batch)
        learning_rate = state.learning_rate
        for schedule in state.schedules.values():
            schedule.apply(state.step + 1)
        if state.ema is not None and not inside:
            state.ema.update(state.model)
        record = count(state, batches, loss, weight, learning_rate, grad_norm=grad_norm)
        record.note, self.note = self.note or self.inner_note(), None
        return record

    def recorded(self, state: TrainState, batch: Batch) -> Update:
        """The update from the graph; recorded first, once the warm-up is over."""
        key = self.constants(state)
        if key != self.key:
            self.key, self.replay, self.warmed = key, None, 0
        self.load(batch)
        if self.replay is None and self.warmed < WARM_UP:
            self.warmed += 1
            return self.backend.warm_up(lambda: self.body(state, self.static))
        if self.replay is None:
            counted = state.ema.updates if isinstance(state.ema, EMA) else 0
            reason = self.record(state)
            if isinstance(state.ema, EMA):
                state.ema.updates = counted  # recording counts, but does nothing
            if reason is not None:
                self.failed, self.note = True, f"from this update on the step runs without a CUDA graph: {reason}"
                return self.eagerly(state, batch)
        assert self.replay is not None
        assert self.result is not None
        if not self.attached:
            for parameter, gradient in zip(self.parameters, self.gradients, strict=True):
                parameter.grad = gradient
            self.attached = True
        self.replay()
        if isinstance(state.ema, EMA) and ema_inside(state):
            state.ema.updates += 1
        return self.result

    def record(self, state: TrainState) -> str | None:
        """Record the update; why that could not be done, if so."""
        if self.captures >= MOST_CAPTURES:
            return "what it takes for constant changes too often (frozen weights, options of the optimizer)"
        self.captures += 1
        try:
            self.result, self.replay = self.backend.capture(lambda: self.body(state, self.static))
        except Exception as error:  # CUDA's, of any class
            self.replay = None
            return explain(error)
        if not all(update.by_kernel for update in self.updates):
            self.replay = None
            return "the optimizer has no fused kernel for these gradients"
        self.gradients, self.attached = [p.grad for p in self.parameters], True
        return None

    def eagerly(self, state: TrainState, batch: Batch) -> Update:
        """The same kernels without a graph."""
        self.attached = False
        return self.body(state, batch)

    def body(self, state: TrainState, batch: Batch | None) -> Update:
        """What is recorded: everything of an update that happens on the device."""
        assert batch is not None
        self.forget_gradients()
        weight = state.objective.weight(batch)
        passed = self.inner.differentiate(state, batch)
        for update in self.updates:
            update()
        if state.ema is not None and ema_inside(state):
            state.ema.update(state.model)
        return Update(passed, weight)

    def allocate(self, batch: Batch) -> None:
        """Make the memory that batches come in through."""
        self.shapes = shapes_of(batch)
        numbers: Any = SizeOnly(batch.num_samples)
        self.static = Batch(map_tensors(torch.clone, batch.inputs), map_tensors(torch.clone, batch.targets), numbers)
        self.slots = tensors_of(self.static)

    def load(self, batch: Batch) -> None:
        """Put a batch where the graph reads it."""
        for slot, tensor in zip(self.slots, tensors_of(batch), strict=True):
            slot.copy_(tensor, non_blocking=True)

    def constants(self, state: TrainState) -> list[Any]:
        """Everything that a graph has in it as it was when it was recorded."""
        found: list[Any] = [ema_inside(state), [p.requires_grad for p in self.parameters]]
        for optimizer in self.optimizers:
            found.append((id(optimizer.state), id(optimizer.param_groups)))
            found += [{k: v for k, v in g.items() if k not in {"params", "lr"}} for g in optimizer.param_groups]
        return found

    def inner_note(self) -> str | None:
        """What a compiled step inside has to say."""
        note = getattr(self.inner, "note", None)
        if note is not None:
            self.inner.note = None  # type: ignore[attr-defined]
        return note


def ema_inside(state: TrainState) -> bool:
    """Whether the average's step is the same at every update from now on, so that it can be part of a graph."""
    return isinstance(state.ema, EMA) and state.ema.is_steady()


def tensors_of(batch: Batch) -> list[Tensor]:
    """All tensors of a batch, in a fixed order."""
    found: list[Tensor] = []
    map_tensors(found.append, (batch.inputs, batch.targets))
    return found


def why_not_captured(state: TrainState) -> str | None:
    """Why an update cannot be one CUDA graph, as half a sentence; None if it can."""
    if state.device.type != "cuda":
        return f"the training is on {state.device.type}, and graphs are CUDA's"
    if state.non_finite == "skip":
        return "trainer.non_finite=skip reads the loss at every update"
    for optimizer in state.optimizers.values():
        groups = optimizer.param_groups
        if not FusedUpdate(optimizer).usable() or not all(group.get("fused") for group in groups):
            return f"{type(optimizer).__name__} has no fused kernel that reads its rate from the device"
    return None
