"""Evaluating the members of a stack together: one pass for all, metrics and averages by member."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.batch import Batch, map_tensors
from seedbed.data.batches import EvalBatches
from seedbed.evaluate import evaluate, evaluation_mode
from seedbed.seeding import forked_rng
from seedbed.stacked.feed import stack_batches
from seedbed.stacked.member import Member
from seedbed.stacked.passes import seen
from seedbed.stacked.reasons import first_sentence
from seedbed.stacked.stack import Stack, member_of
from seedbed.stacked.tensor import unwrap
from seedbed.state import Objective, RunningMean

TOLERANCE = 1e-4
"""Largest relative difference of the first evaluation's loss from that of the member's own pass."""


class Evaluation:
    """Stands in for ``evaluate.evaluate`` in the members' sessions while they make the same updates.

    The first evaluation of a process is made both ways; where they don't agree, or stacking fails, each member goes on
    evaluating by itself, and its log says why.
    """

    def __init__(self) -> None:
        self.stack: Stack | None = None
        self.usable: bool | None = None
        self.objective: Objective | None = None  # one that has checked its first evaluation batch
        self.step = -1
        self.found: dict[int, dict[str, Any]] = {}

    def follow(self, stack: Stack | None) -> None:
        """Evaluate the members of this stack together from now on."""
        self.stack, self.step = stack, -1

    def of(self, member: Member) -> Callable[..., dict[str, Any]]:
        """``evaluate`` for one member."""

        def call(
            model: nn.Module, objective: Objective, batches: Iterable[Batch], *, autocast: Any, poll: Callable[[], None]
        ) -> dict[str, Any]:
            stack = self.stack
            if stack is None or self.usable is False or not can_be_stacked(stack, batches):
                return evaluate(model, objective, batches, autocast=autocast, poll=poll)
            if self.usable is None:
                alone = evaluate(model, objective, batches, autocast=autocast, poll=poll)
                self.objective = objective
                reason = self.try_all(stack, poll) or difference(self.found[id(member)], alone)
                self.usable = reason is None
                if reason is not None:
                    member.its_session.say(f"the seeds are evaluated one by one: {reason}")
                return self.found[id(member)] if self.usable else alone
            if self.step != member.state.step:
                assert self.objective is not None
                self.step, self.found = member.state.step, evaluate_all(stack, self.objective, poll)
            return self.found[id(member)]

        return call

    def try_all(self, stack: Stack, poll: Callable[[], None]) -> str | None:
        """Make the first pass; why it can't be made, if so."""
        assert self.objective is not None
        try:
            self.found = evaluate_all(stack, self.objective, poll)
        except (RuntimeError, ValueError, TypeError) as error:
            return f"an operation that can't be made for all at once ({first_sentence(error)})"
        self.step = stack.lead.step
        return None


def can_be_stacked(stack: Stack, batches: Iterable[Batch]) -> bool:
    """Whether the members have as many validation samples each, of known number."""
    sizes = {getattr(m.training.validation, "num_samples", None) for m in stack.members}
    return isinstance(batches, EvalBatches) and len(sizes) == 1


@torch.no_grad()
def evaluate_all(stack: Stack, objective: Objective, poll: Callable[[], None]) -> dict[int, dict[str, Any]]:
    """What ``evaluate`` gives for each member, by ``id``; of the averaged weights where the config wants these."""
    choice = stack.members[0].training.config.evaluate.weights
    averaged = stack.ema is not None and choice != "raw"
    source = stack.ema.module if averaged and stack.ema is not None else stack.source
    weights, statistics = list(source.parameters()), list(source.buffers())
    losses = [RunningMean() for _ in stack.members]
    metrics = [state.objective.metrics() for state in stack.states]
    sources: list[Iterable[Batch]] = [m.training.validation or () for m in stack.members]
    with forked_rng(), evaluation_mode(stack.passes.model):
        for batches in zip(*sources, strict=True):
            stack.passes.place(weights, statistics)
            outcome = objective(stack.passes.model, seen(stack_batches(batches)))
            take_in(stack, losses, metrics, batches, unwrap(outcome.loss), map_tensors(unwrap, outcome.outputs))
            poll()
    return {
        id(member): {"loss": loss.mean(), **{name: metric.compute() for name, metric in its.items()}}
        for member, loss, its in zip(stack.members, losses, metrics, strict=True)
    }


def take_in(
    stack: Stack,
    losses: Sequence[RunningMean],
    metrics: Sequence[Any],
    batches: Sequence[Batch],
    values: Tensor,
    outputs: Any,
) -> None:
    """Add one batch to every member's averages."""
    each: Sequence[Any] = values.tolist() if values.device.type == "cpu" else values.unbind()
    for number, (state, batch) in enumerate(zip(stack.states, batches, strict=True)):
        losses[number].add(each[number], state.objective.weight(batch))
        its = map_tensors(functools.partial(member_of, number), outputs)
        for metric in metrics[number].values():
            metric.update(its, batch)


def difference(stacked: dict[str, Any], alone: dict[str, Any]) -> str | None:
    """How the losses differ by more than rounding; the metrics are the members' own objects, fed by member."""
    if stacked.keys() != alone.keys():
        return "together they give other metrics"
    loss, own = float(stacked["loss"]), float(alone["loss"])
    same = abs(loss - own) <= TOLERANCE * max(abs(own), 1e-3) or (loss != loss and own != own)
    return None if same else f"together the first one's loss is {loss:.9g}, alone {own:.9g}"
