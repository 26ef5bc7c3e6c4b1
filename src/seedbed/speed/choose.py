"""Which form of the update a training gets: the one place where that is decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch

from seedbed.batch import Batch
from seedbed.fast import FastStep
from seedbed.loop import train_step
from seedbed.optim.ema import EMA
from seedbed.speed.captured import CapturedStep, CudaBackend, why_not_captured
from seedbed.speed.compiled import CannotCompileError, CompiledStep
from seedbed.speed.recorded import recorded
from seedbed.state import TrainState, TrainStep

Compile = Literal["off", "model", "step"]


@dataclass(frozen=True, kw_only=True)
class Numerics:
    """What a training may choose for speed and what its bits depend on; as in the config's trainer section."""

    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    channels_last: bool = False
    threads: int = 1
    compile: Compile = "off"
    cuda_graphs: bool = False

    def apply(self, state: TrainState) -> None:
        """Set what is not the step's own: precision, layout of the weights, threads, a compiled model."""
        torch.set_num_threads(self.threads)
        state.precision = self.precision
        averaged = [state.ema.module] if isinstance(state.ema, EMA) else []
        for module in (state.model, *averaged) if self.channels_last else ():
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self.compile == "model":
            state.model.compile()


@dataclass(kw_only=True)
class ChosenStep:
    """A form of the update, what of the wishes it fulfils, and a sentence for each that it does not."""

    step: TrainStep
    compile: Compile = "off"
    cuda_graphs: bool = False
    refusals: list[str] = field(default_factory=list)


def choose_step(
    plain: TrainStep,
    state: TrainState,
    wanted: Numerics | None = None,
    take: Callable[[], Batch] | None = None,
    *,
    accumulate: int = 1,
    record: bool | None = None,
) -> ChosenStep:
    """The fastest form of ``plain`` that gives what is wanted.

    Args:
        plain: ``loop.train_step``, or a custom update, which stays what it is.
        state: The training; as it was afterwards.
        wanted: Whether to compile the step or to capture it; neither if absent.
        take: Gives the first batch, on which a compiled step is tried.
        accumulate: Batches per update.
        record: Whether forward and backward are replayed from a record, which gives the same bits: where that is
            sure if absent; true also says why not.
    """
    wanted = wanted or Numerics()
    chosen = ChosenStep(step=plain, compile="model" if wanted.compile == "model" else "off")
    wishes = [
        ("compile=step", wanted.compile == "step"),
        ("cuda_graphs", wanted.cuda_graphs),
        ("recorded", record is True),
    ]
    if plain is not train_step:
        return refuse(chosen, wishes, "trainer.train_step is an update of your own")
    if state.scaler is not None:
        return refuse(chosen, wishes, "fp16 needs a loss scaler, which reads the gradients at every update")
    if state.device.type not in {"cpu", "cuda"}:
        return refuse(chosen, wishes, f"that is not done on {state.device.type}")
    chosen.step = step = FastStep(state)
    if accumulate > 1:
        return refuse(chosen, wishes, f"an update has {accumulate} batches")
    if wanted.compile == "step":
        assert take is not None, "a compiled step is tried on a batch"
        try:
            step, chosen.compile = CompiledStep(state, take()), "step"
        except CannotCompileError as error:
            refuse(chosen, wishes[:1], f"the step runs eagerly, because of {error}")
    if wanted.cuda_graphs:
        reason = why_not_captured(state)
        if reason is None:
            step, chosen.cuda_graphs = CapturedStep(state, CudaBackend(state.device), step), True
        else:
            refuse(chosen, wishes[1:2], reason)
    if type(step) is FastStep and record is not False and wanted.compile == "off":
        replayed = recorded(state)
        if isinstance(replayed, FastStep):
            step = replayed
        else:
            refuse(chosen, wishes[2:], replayed)
    chosen.step = step
    return chosen


def refuse(chosen: ChosenStep, wishes: list[tuple[str, bool]], reason: str) -> ChosenStep:
    """Say of each wish that was made why it is not fulfilled."""
    chosen.refusals += [f"trainer.{name} is left out: {reason}" for name, made in wishes if made]
    return chosen
