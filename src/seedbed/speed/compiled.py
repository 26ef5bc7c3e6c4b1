"""Forward, loss, backward and clipping as one compiled graph; the optimizer's fused kernel and the EMA follow.

Compiling the optimizer too was measured and left out: on a CPU its one fused kernel is faster than what the compiler
makes of it, and so its numbers are those of the eager update, given the gradients.

Compiled numbers are not the eager ones bit for bit; they are the same from one compiled run to the next. A batch of
another shape (the odd last one) goes the eager way. Random numbers are drawn as eager code draws them.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.batch import Batch, map_tensors
from seedbed.eager import set_deterministic
from seedbed.fast import FastStep, Passed
from seedbed.seeding import capture_rng, forked_rng, restore_rng
from seedbed.state import Objective, StepRecord, TrainState

# relative distance of a gradient from the eager one above which the compiled step is not trusted
TOLERANCE = {"fp32": 1e-3, "bf16": 0.1, "fp16": 0.1}
MOST_COMPILES = 8

Result = tuple[Tensor, Any, Tensor | None, Sequence[Tensor | None]]  # loss, outputs, norm, gradients
Compiled = Callable[[Any, Any], Result]


class CannotCompileError(Exception):
    """Why a step is not compiled, as half a sentence."""


class SizeOnly:
    """Stands for the sample numbers of a batch in a step that is recorded once: their values would be wrong later."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size


class CompiledStep(FastStep):
    """``FastStep`` with forward, loss, backward and clipping compiled for the shapes of one batch.

    Compiling happens here, on ``batch``; the state is as it was afterwards.

    Raises:
        CannotCompileError: There is no compiler, the model or the loss cannot be compiled as one graph, or what comes
            out is not what the eager step gives.
    """

    def __init__(self, state: TrainState, batch: Batch) -> None:
        super().__init__(state)
        self.shapes = shapes_of(batch)
        modules = [module for module in (state.model, state.objective) if isinstance(module, nn.Module)]
        self.parameters = list(dict.fromkeys(p for module in modules for p in module.parameters()))
        self.trained: list[Tensor] = []
        self.flags: list[bool] = []
        self.compiled: Compiled | None = None
        self.compiles = 0
        self.note: str | None = None
        with compiling():
            self.prepare(state, batch)

    def prepare(self, state: TrainState, batch: Batch) -> None:
        """Compile for the parameters that are trained now, and compare with the eager step."""
        self.compiles += 1
        if self.compiles > MOST_COMPILES:
            raise CannotCompileError(f"what the graph depends on has changed {MOST_COMPILES} times")
        self.flags = [p.requires_grad for p in self.parameters]
        self.trained = [p for p in self.parameters if p.requires_grad]
        compiled = torch.compile(
            make_gradients(state, self.trained), fullgraph=True, dynamic=False, options={"fallback_random": True}
        )
        with kept(state):
            saved = capture_rng()
            self.forget_gradients()
            expected = super().differentiate(state, batch)
            wanted = [None if p.grad is None else p.grad for p in self.trained]
            restore_buffers = snapshot(state)
            restore_rng(saved)
            self.forget_gradients()
            try:
                loss, _, _, found = compiled(batch.inputs, batch.targets)
            except Exception as error:  # the compiler's own, gcc's, Triton's: there is no common class
                raise CannotCompileError(explain(error)) from error
            finally:
                restore_buffers()
        compare(expected.loss, loss, wanted, found, TOLERANCE[state.precision])
        self.compiled = compiled

    def __call__(self, state: TrainState, batches: Sequence[Batch]) -> StepRecord:
        """One update; see ``loop.train_step``."""
        record = super().__call__(state, batches)
        record.note, self.note = self.note, None
        return record

    def differentiate(self, state: TrainState, batch: Batch) -> Passed:
        """The compiled graph where it fits, else eagerly."""
        fits = self.compiled is not None and shapes_of(batch) == self.shapes
        result = self.run(state, batch) if fits else None
        if result is None:
            return super().differentiate(state, batch)
        loss, outputs, grad_norm, gradients = result
        for parameter, gradient in zip(self.trained, gradients, strict=True):
            parameter.grad = gradient
        return Passed(loss, outputs, grad_norm)

    def run(self, state: TrainState, batch: Batch) -> Result | None:
        """What the graph gives; compiled again if something that it depends on has changed; None if that fails."""
        assert self.compiled is not None
        try:
            if self.flags == [p.requires_grad for p in self.parameters]:
                return self.compiled(batch.inputs, batch.targets)
        except Exception as error:
            self.note = f"the step is compiled again: {explain(error)}"
        try:
            with compiling():
                self.prepare(state, batch)
                return self.compiled(batch.inputs, batch.targets)
        except Exception as error:
            self.compiled = None
            self.note = f"from this update on the step runs eagerly: {explain(error)}"
            return None


def make_gradients(state: TrainState, trained: Sequence[Tensor]) -> Compiled:
    """The function to compile: inputs and targets → loss, outputs (if metrics want them), norm, gradients."""
    model, objective, keep = state.model, state.objective, bool(state.epoch_metrics)
    clip_norm, clip_value = state.clip_norm, state.clip_value
    clipped = {id(p) for o in state.optimizers.values() for group in o.param_groups for p in group["params"]}
    which = [id(p) in clipped for p in trained]
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(state.precision)
    device = state.device.type

    def gradients(inputs: Any, targets: Any) -> Result:
        with torch.autocast(device, dtype=dtype, enabled=dtype is not None):
            loss, outputs = forward(objective, model, inputs, targets)
        found = list(torch.autograd.grad(loss, trained, allow_unused=True))
        norm = None
        with torch.no_grad():
            if clip_value is not None:
                found = [
                    g.clamp(-clip_value, clip_value) if g is not None and clip else g
                    for g, clip in zip(found, which, strict=True)
                ]
            if clip_norm is not None:
                norm = torch.nn.utils.get_total_norm(
                    [g for g, clip in zip(found, which, strict=True) if clip and g is not None]
                )
                factor = torch.clamp(clip_norm / (norm + 1e-6), max=1.0)
                found = [g * factor if g is not None and clip else g for g, clip in zip(found, which, strict=True)]
        return loss.detach(), map_tensors(Tensor.detach, outputs) if keep else None, norm, found

    # the compiler keeps its graphs with the code, which all trainings of a process would share
    return types.FunctionType(
        gradients.__code__.replace(), gradients.__globals__, "gradients", None, gradients.__closure__
    )


def forward(objective: Objective, model: nn.Module, inputs: Any, targets: Any) -> tuple[Tensor, Any]:
    """Loss and outputs of a batch whose sample numbers nobody may read."""
    outcome = objective(model, Batch(inputs, targets, SizeOnly(size_of(inputs))))  # type: ignore[arg-type]
    return outcome.loss, outcome.outputs


def size_of(tree: Any) -> int:
    """Samples in the first tensor of a tree."""
    sizes: list[int] = []
    map_tensors(lambda tensor: sizes.append(len(tensor)), tree)
    return sizes[0] if sizes else 0


def shapes_of(batch: Batch) -> tuple[Any, Any]:
    """Structure, shapes, types and layout of a batch: what a graph is made for."""

    def describe(tensor: Tensor) -> Any:
        return tensor.shape, tensor.dtype, tensor.device, tensor.stride()

    return map_tensors(describe, batch.inputs), map_tensors(describe, batch.targets)


@contextmanager
def compiling() -> Iterator[None]:
    """With the compiler loaded, told what is deterministic, and tracing derivatives as part of the graph."""
    importlib.import_module("torch._inductor.config")
    set_deterministic(
        torch.are_deterministic_algorithms_enabled(), warn_only=torch.is_deterministic_algorithms_warn_only_enabled()
    )
    dynamo: Any = importlib.import_module("torch._dynamo.config")
    if not hasattr(dynamo, "trace_autograd_ops"):
        raise CannotCompileError(f"torch {torch.__version__} cannot compile a backward pass as part of a graph")
    with dynamo.patch(trace_autograd_ops=True):
        yield


@contextmanager
def kept(state: TrainState) -> Iterator[None]:
    """Random generators, buffers, gradients and modes are afterwards as they were before."""
    restore, training = snapshot(state), state.model.training
    try:
        with forked_rng():
            state.train_mode()
            yield
    finally:
        restore()
        state.model.zero_grad()
        if not training:
            state.model.eval()


def snapshot(state: TrainState) -> Callable[[], None]:
    """Remember all buffers; the function that is returned puts them back."""
    modules = [module for module in (state.model, state.objective) if isinstance(module, nn.Module)]
    saved = [(buffer, buffer.detach().clone()) for module in modules for buffer in module.buffers()]

    def restore() -> None:
        with torch.no_grad():
            for buffer, value in saved:
                buffer.copy_(value)

    return restore


def compare(
    loss: Tensor, other: Tensor, gradients: Sequence[Tensor | None], others: Sequence[Tensor | None], tolerance: float
) -> None:
    """Refuse a compiled step whose loss or gradients are further from the eager ones than rounding explains.

    Raises:
        CannotCompileError: With the largest relative distance.
    """
    worst = float((loss - other).abs() / loss.abs().clamp_min(1e-6))
    norms = [g.detach().float().norm() for g in gradients if g is not None]
    floor = float(torch.stack(norms).max()) * 1e-3 if norms else 0.0
    for expected, found in zip(gradients, others, strict=True):
        if (expected is None) != (found is None):
            raise CannotCompileError("the compiled step gives gradients to other parameters than the eager one")
        if expected is not None and found is not None:
            distance = float((expected.float() - found.float()).norm())
            worst = max(worst, distance / max(float(expected.float().norm()), floor, 1e-12))
    if not worst <= tolerance:
        raise CannotCompileError(f"the compiled step is {worst:.1e} away from the eager one (allowed: {tolerance:.0e})")


def explain(error: Exception) -> str:
    """What the compiler says, in one line."""
    if isinstance(error, CannotCompileError):
        return str(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = next((line for line in lines if not line.endswith(":")), type(error).__name__)
    return f"{type(error).__name__}: {text[:200]}"
