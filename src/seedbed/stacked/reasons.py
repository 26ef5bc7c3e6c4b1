"""Whether trainings can be made together: what is known beforehand, and one update tried both ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.batch import Batch
from seedbed.data.batches import TrainBatches
from seedbed.errors import SeedbedError
from seedbed.fast import is_plain
from seedbed.optim.ema import EMA
from seedbed.optim.schedules import FactorSchedule
from seedbed.stacked.feed import Feed
from seedbed.stacked.member import Member
from seedbed.stacked.passes import keeps_statistics, statistics_of
from seedbed.stacked.stack import Stack, Unstackable

TOLERANCE = 1e-4
"""Largest difference of a gradient or loss from the single run's, as a share of the tensor's largest element."""

ELEMENTWISE = {
    *(torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop, torch.optim.Adagrad),
    *(torch.optim.Adadelta, torch.optim.Adamax, torch.optim.NAdam, torch.optim.RAdam),
}
NORMS = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm)


def reason_against(members: Sequence[Member]) -> str | None:
    """Why these trainings can't be made together, as far as it can be told without trying; None if they may be."""
    for member in members:
        for reason, found in CHECKS.items():
            text = found(member)
            if text:
                return reason.format(text)
    sizes = {len(train.samples) for m in members if isinstance(train := m.training.data.train, TrainBatches)}
    if len(sizes) > 1:
        return f"the seeds have training splits of different sizes ({', '.join(map(str, sorted(sizes)))})"
    shapes = {str([(p.shape, p.dtype, p.requires_grad) for p in m.state.model.parameters()]) for m in members}
    if len(shapes) > 1:
        return "the seeds have models of different shapes"
    return None


def changing_norm(member: Member) -> str | None:
    """The first module whose running statistics a stack can't keep."""
    for name, module in member.state.model.named_modules():
        if isinstance(module, NORMS) and module.track_running_stats and not keeps_statistics(module):
            return f"{name or 'model'}: {type(module).__name__}"
    return None


def other_optimizer(member: Member) -> str | None:
    """An optimizer that does not treat each element by itself, or that somebody has changed."""
    for optimizer in member.state.optimizers.values():
        if type(optimizer) not in ELEMENTWISE:
            return type(optimizer).__name__
        if any(group.get("differentiable") or isinstance(group["lr"], Tensor) for group in optimizer.param_groups):
            return f"{type(optimizer).__name__} with these options"
    return None if len(member.state.optimizers) == 1 else "several"


def other_speed(member: Member) -> str | None:
    """Another choice than the plain update."""
    speed = str(member.training.resolved["trainer"].get("speed", "exact"))
    return None if speed == "exact" else speed


def other_schedule(member: Member) -> str | None:
    """A schedule with a state of its own, or that waits for a metric."""
    its = (type(schedule) for schedule in member.state.schedules.values())
    return next((kind.__name__ for kind in its if kind is not FactorSchedule), None)


CHECKS: dict[str, Callable[[Member], str | bool | None]] = {
    "Weights & Biases, which follows one run a process": lambda m: m.training.config.tracking.wandb is not False,
    "the update is a custom one": lambda m: not is_plain(m.training.job.train_step),
    "trainer.speed={} measures what is fastest for one": other_speed,
    "precision {}": lambda m: m.state.precision if m.state.precision != "fp32" else None,
    "the model is compiled": lambda m: m.training.config.trainer.compile not in (None, "off"),
    "the update is recorded as a CUDA graph": lambda m: bool(m.training.config.trainer.cuda_graphs),
    "the model is laid out as channels-last": lambda m: bool(m.training.config.trainer.channels_last),
    "running statistics of another kind than BatchNorm's with a momentum ({})": changing_norm,
    "optimizer {}": other_optimizer,
    "the schedule {} depends on what each seed sees": other_schedule,
    "an average of another kind than EMA": lambda m: m.state.ema is not None and not isinstance(m.state.ema, EMA),
    "weights that are unfrozen at an epoch": lambda m: any(r.until_epoch is not None for r in m.training.config.freeze),
    "data that are read as a stream": lambda m: not isinstance(m.training.data.train, TrainBatches),
}


def rehearse(members: Sequence[Member]) -> str | None:
    """Make the gradients of one update singly and stacked; why they don't agree, None if they do.

    The members end as they were, except that their tensors are tied. Their normalizers must be fitted.
    """
    feed = Feed([member.training.job.batches for member in members])
    window, _ = feed.take(members[0].state.cursor, members[0].training.job.accumulate)
    starts = [member.generator.get_state() for member in members]
    befores = [copy_buffers(member) for member in members]
    singles, ends, afters = [], [], []
    for member, its, before in zip(members, window.single, befores, strict=True):
        singles.append(single_gradients(member, its))
        ends.append(member.generator.get_state())
        afters.append(copy_buffers(member))
        put_buffers(member, before)
        kept = statistics_of(member.state.model)
        for name, buffer in before.items():
            if name not in kept and not torch.equal(buffer, afters[-1][name]):
                return f"a forward pass changes the buffer {name}"
    set_generators(members, starts)
    metrics = [member.state.epoch_metrics for member in members]
    try:
        for member in members:
            member.state.epoch_metrics = member.state.objective.metrics() if member.state.epoch_metrics else {}
        stack = Stack(members)
        losses = stack.gradients(window)
        found = [copy_buffers(member) for member in members]
    except Unstackable as error:
        return str(error)
    except SeedbedError as error:
        return f"the stacked update fails: {error}"
    except Exception as error:  # anything that vmap or the user's own code may raise
        return f"an operation that can't be made for all seeds at once: {first_sentence(error)}"
    finally:
        for member, its_metrics, before in zip(members, metrics, befores, strict=True):
            member.state.epoch_metrics = its_metrics
            put_buffers(member, before)
    if any(not torch.equal(m.generator.get_state(), end) for m, end in zip(members, ends, strict=True)):
        return "random numbers that are not drawn as in a single run"
    set_generators(members, starts)
    names = [name for name, _ in members[0].state.model.named_parameters()]
    for number, (loss, gradients) in enumerate(singles):
        pairs = [("loss", loss, losses[number]), *zip(names, gradients, rows(stack.parameters, number), strict=True)]
        for name, single, stacked in pairs:
            if not agree(single, stacked):
                return f"the stacked update gives another {name if name == 'loss' else f'gradient of {name}'}"
        for name, after in afters[number].items():
            if not agree(after, found[number][name]):
                return f"the stacked update gives another {name}"
    return None


def copy_buffers(member: Member) -> dict[str, Tensor]:
    """The model's buffers as they are now."""
    return {name: buffer.clone() for name, buffer in member.state.model.named_buffers()}


def put_buffers(member: Member, kept: dict[str, Tensor]) -> None:
    """Put them back."""
    for name, buffer in member.state.model.named_buffers():
        buffer.copy_(kept[name])


def single_gradients(member: Member, window: Sequence[Batch]) -> tuple[Tensor, list[Tensor | None]]:
    """The loss and gradients of an update of one member alone, as ``loop.train_step`` makes them."""
    state = member.state
    state.train_mode()
    with member.alone():
        weights = [float(state.objective.weight(batch)) for batch in window]
        losses = []
        for batch, weight in zip(window, weights, strict=True):
            loss = state.objective(state.model, batch).loss * (weight / sum(weights))
            loss.backward()
            losses.append(loss.detach())
    gradients = [parameter.grad for parameter in state.model.parameters()]
    state.model.zero_grad()
    return torch.stack(losses).sum(), gradients


def rows(parameters: Sequence[Tensor], number: int) -> list[Tensor | None]:
    """One member's gradients."""
    return [None if parameter.grad is None else parameter.grad[number] for parameter in parameters]


def agree(single: Tensor | None, stacked: Tensor | None) -> bool:
    """Whether two tensors are equal but for rounding."""
    if single is None or stacked is None:
        return single is None and stacked is None
    if not bool(torch.isfinite(single).all()):
        return bool((torch.isfinite(single) == torch.isfinite(stacked)).all())
    scale = float(single.abs().max()) if single.numel() else 0.0
    return not single.numel() or float((single - stacked).abs().max()) <= TOLERANCE * scale + 1e-7


def set_generators(members: Sequence[Member], states: Sequence[Tensor]) -> None:
    """Put the members' generators back."""
    for member, state in zip(members, states, strict=True):
        member.generator.set_state(state)


def first_sentence(error: Any) -> str:
    """What an error says, in short."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text.partition(". ")[0][:200].rstrip(".")
