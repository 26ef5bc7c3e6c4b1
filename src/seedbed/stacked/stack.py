"""n training states whose tensors are rows of stacked ones, and one update of all of them.

The members stay whole: each has its own model, optimizer and average, whose tensors are views of the stacked ones. So
evaluating, saving and looking at a member need to know nothing of the stack.

Shapes: n member; a stacked tensor is (n, …).
"""

from __future__ import annotations

import copy
import functools
import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from seedbed.batch import Batch, map_tensors
from seedbed.errors import SeedbedError
from seedbed.loop import NonFiniteError, count, non_finite
from seedbed.optim.ema import EMA
from seedbed.optim.fused import FusedUpdate
from seedbed.stacked.feed import Window
from seedbed.stacked.member import Member
from seedbed.stacked.passes import PassesOfStack, statistics_of, tapes_of
from seedbed.state import StepRecord

COUNTERS = {"step", "mu_product"}  # entries of an optimizer's state that count updates, the same for all members


class Unstackable(SeedbedError):  # noqa: N818 - a reason, not a mistake
    """These trainings can't be made together; the message says why."""


class Reports(NamedTuple):
    """What one update of a stack gives: a record a member, and an error for each whose loss is not finite."""

    records: dict[int, StepRecord]
    failures: dict[int, NonFiniteError]


class Stack:
    """Members at the same update, tied together until one leaves or goes its own way; then make another.

    Args:
        members: Trainings of one config under several seeds.
        keep_gradients: Give the members their gradients after each update, for whoever logs these.
    """

    def __init__(self, members: Sequence[Member], *, keep_gradients: bool = False) -> None:
        self.members = list(members)
        self.states = [member.state for member in members]
        self.keep_gradients = keep_gradients
        self.lead = self.states[0]
        self.lead.train_mode()
        models = [state.model for state in self.states]
        rows = [list(model.parameters()) for model in models]
        trained = [parameter.requires_grad for parameter in rows[0]]
        self.parameters = [nn.Parameter(tie([row[k] for row in rows]), one) for k, one in enumerate(trained)]
        theirs = [dict(model.named_buffers()) for model in models]
        self.statistics = list(statistics_of(models[0]))  # by name; they change with every batch
        self.buffers = [tie([buffers[name] for buffers in theirs]) for name in self.statistics]
        self.passes = PassesOfStack(members, self.parameters, self.buffers)
        self.objective = self.passes.objective
        self.tapes = tapes_of(self.passes, members[0].training.config.trainer.recorded)
        self.optimizer = self.stack_optimizer(rows)
        self.update = FusedUpdate(self.optimizer)
        self.source = Tensors(self.parameters, self.buffers)
        self.ema = self.stack_average()
        self.rows = rows
        self.over = self.handed = False

    def stack_optimizer(self, rows: Sequence[Sequence[nn.Parameter]]) -> torch.optim.Optimizer:
        """The members' optimizer over the stacked parameters, with their state."""
        stacked = {id(parameter): self.parameters[k] for k, parameter in enumerate(rows[0])}
        lead = self.lead.optimizer
        optimizer = copy.copy(lead)
        optimizer.state = defaultdict(dict)
        optimizer.param_groups = [
            {**group, "params": [stacked[id(parameter)] for parameter in group["params"]]}
            for group in lead.param_groups
        ]
        for k, parameter in enumerate(self.parameters):
            states = [state.optimizer.state.get(row[k], {}) for state, row in zip(self.states, rows, strict=True)]
            for name in states[0]:
                optimizer.state[parameter][name] = join(name, [state[name] for state in states], rows[0][k])
        return optimizer

    def stack_average(self) -> EMA | None:
        """The members' moving average over the stacked parameters."""
        averages = [state.ema for state in self.states]
        lead = averages[0]
        if not isinstance(lead, EMA):
            return None
        theirs = [average.module for average in averages if average is not None]
        rows = [list(module.parameters()) for module in theirs]
        buffers = [dict(module.named_buffers()) for module in theirs]
        average = EMA(self.source, lead.decay, lead.power, lead.start_step)
        average.updates = lead.updates
        for k, parameter in enumerate(average.module.parameters()):
            parameter.data = tie([row[k] for row in rows])
        for name, buffer in zip(self.statistics, average.module.buffers(), strict=True):
            buffer.data = tie([its[name] for its in buffers])
        return average

    # ---- one update --------------------------------------------------------------------------------------------

    def gradients(self, window: Window) -> Tensor:
        """Go forward and backward over each member's batches; the gradients are in the stacked parameters.

        Returns:
            The mean losses, shape (n,).
        """
        for parameter in self.parameters:
            parameter.grad = None
        total: Tensor | None = None
        for number, batch in enumerate(window.stacked):
            if len(window.stacked) == 1:
                losses, outputs = self.passes.make(batch) if self.tapes is None else self.tapes.gradients(batch)
            else:
                losses, outputs = self.passes.make(batch, self.shares(window.single, number))
            total = losses if total is None else total + losses
            self.measure(outputs, [its[number] for its in window.single])
        assert total is not None
        return total

    def shares(self, batches: Sequence[Sequence[Batch]], number: int) -> list[float]:
        """What each member's batch ``number`` counts for in its window."""
        weights = [[self.objective.weight(batch) for batch in window] for window in batches]
        return [float(its[number] / sum(its)) for its in weights]

    def measure(self, outputs: Any, batches: Sequence[Batch]) -> None:
        """Each member's metrics over its training batches."""
        if not self.lead.epoch_metrics:
            return
        for its, state, batch in zip(self.apart(outputs), self.states, batches, strict=True):
            for metric in state.epoch_metrics.values():
                metric.update(its, batch)

    def apart(self, outputs: Any) -> Sequence[Any]:
        """Each member's outputs, without their graph."""
        if isinstance(outputs, Tensor):
            return outputs.detach().unbind()
        return [map_tensors(functools.partial(member_of, number), outputs) for number in range(len(self.states))]

    def step(self, window: Window) -> Reports:
        """One update of every member, each exactly that of ``loop.train_step`` up to rounding."""
        losses = self.gradients(window)
        norms = self.clip()
        on_cpu = losses.device.type == "cpu"
        values: list[float] = losses.tolist() if on_cpu or self.lead.non_finite == "skip" else []
        finite = [math.isfinite(value) for value in values]
        if norms is not None and values:
            finite = [one and norm for one, norm in zip(finite, norms.isfinite().tolist(), strict=True)]
        wanted = [state.step + 1 not in state.skip_steps for state in self.states]
        left = [i for i, want in enumerate(wanted) if not want or not all(finite[i : i + 1])]
        rate = self.lead.learning_rate
        kept = self.keep(left)
        for stacked, group in zip(self.optimizer.param_groups, self.lead.optimizer.param_groups, strict=True):
            stacked["lr"] = group["lr"]
        self.update()
        if self.ema is not None:
            self.ema.update(self.source)
        self.put_back(left, kept)
        for schedule in self.lead.schedules.values():
            schedule.apply(self.lead.step + 1)
        if self.keep_gradients:
            self.hand_gradients()
        return self.report(window.single, losses, norms, values if on_cpu else [], left, wanted, rate)

    def report(
        self,
        batches: Sequence[Sequence[Batch]],
        losses: Tensor,
        norms: Tensor | None,
        values: Sequence[float],
        left: Sequence[int],
        wanted: Sequence[bool],
        rate: float,
    ) -> Reports:
        """Count the update in each member's state."""
        reports = Reports({}, {})
        each = losses.unbind()
        for i, (state, window) in enumerate(zip(self.states, batches, strict=True)):
            if i in left and wanted[i] and state.non_finite != "skip":
                reports.failures[i] = non_finite(state, each[i], window)
                continue
            weight = sum(self.objective.weight(batch) for batch in window)
            norm = None if norms is None else norms[i]
            value = values[i] if values else None
            reports.records[i] = count(
                state, window, each[i], weight, rate, grad_norm=norm, skipped=i in left, value=value
            )
        return reports

    def clip(self) -> Tensor | None:
        """Clip each member's gradients by its own norm, or by value; the norms (before clipping), shape (n,)."""
        state = self.lead
        if state.clip_norm is None and state.clip_value is None:
            return None
        owned = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        gradients = [parameter.grad for parameter in owned if parameter.grad is not None]
        if state.clip_value is not None:
            torch.nn.utils.clip_grad_value_(owned, state.clip_value)
        if state.clip_norm is None:
            return None
        flat = [gradient.reshape(len(self.states), -1) for gradient in gradients]
        norms: Tensor = torch.linalg.vector_norm(
            torch.stack([torch.linalg.vector_norm(one, dim=1) for one in flat]), dim=0
        )
        factors = (state.clip_norm / (norms + 1e-6)).clamp(max=1.0)  # as torch.nn.utils.clip_grad_norm_ has it
        for gradient in gradients:
            gradient.mul_(factors.view(-1, *(1,) * (gradient.ndim - 1)))
        return norms

    # ---- members that are left out of an update ----------------------------------------------------------------

    def keep(self, left: Sequence[int]) -> list[dict[str, Any]]:
        """Copies of what an update changes in some members."""
        if not left:
            return []
        self.settle()
        states = [self.states[i] for i in left]
        parts = [{"model": state.model, "optimizer": state.optimizer, "ema": state.ema} for state in states]
        return [copy.deepcopy({name: part.state_dict() for name, part in its.items() if part}) for its in parts]

    def put_back(self, left: Sequence[int], kept: Sequence[dict[str, Any]]) -> None:
        """Undo an update for some members. They have made one less than the others now, so that the stack is over."""
        if not left:
            return
        self.settle()
        self.over = True
        for i, saved in zip(left, kept, strict=True):
            state = self.states[i]
            state.model.load_state_dict(saved["model"])
            state.optimizer.load_state_dict(saved["optimizer"])
            if state.ema is not None:
                state.ema.load_state_dict(saved["ema"])

    # ---- between two updates -----------------------------------------------------------------------------------

    def hand_gradients(self) -> None:
        """Give every member its gradients."""
        for k, parameter in enumerate(self.parameters):
            for i, row in enumerate(self.rows):
                row[k].grad = None if parameter.grad is None else parameter.grad[i]

    def settle(self) -> None:
        """Make the members' states whole: what the stack counts once goes to each of them."""
        for state in self.states:
            for schedule in state.schedules.values():
                schedule.apply(state.step)
        for i, (state, row) in enumerate(zip(self.states, self.rows, strict=True)) if not self.over else ():
            for k, parameter in enumerate(self.parameters):
                for name, value in self.optimizer.state.get(parameter, {}).items():
                    its = state.optimizer.state[row[k]]
                    if name in COUNTERS or not self.handed or its.get(name) is None:  # the others stay views
                        its[name] = split(name, value, parameter, i)
            if self.ema is not None and state.ema is not None:
                state.ema.updates = self.ema.updates  # type: ignore[attr-defined]  # the only kind that is stacked
        self.handed = bool(self.optimizer.state)


def member_of(number: int, stacked: Tensor) -> Tensor:
    """One member's tensor, without its graph."""
    return stacked[number].detach()


class Tensors(nn.Module):
    """Stacked parameters and buffers, as a module that an average can follow."""

    def __init__(self, parameters: Sequence[nn.Parameter], buffers: Sequence[Tensor]) -> None:
        super().__init__()
        self.weights = nn.ParameterList(parameters)
        for number, buffer in enumerate(buffers):
            self.register_buffer(f"buffer{number}", buffer)


def tie(rows: Sequence[Tensor]) -> Tensor:
    """One tensor (n, …) out of n, which become views of it."""
    stacked = torch.stack([row.detach() for row in rows])
    for row, view in zip(rows, stacked.unbind(), strict=True):
        row.data = view
    return stacked


def join(name: str, values: Sequence[Any], row: Tensor) -> Any:
    """One entry of an optimizer's state for all members: stacked if it is like the parameter, else the same for all.

    Raises:
        Unstackable: It differs among the members.
    """
    first = values[0]
    if isinstance(first, Tensor) and name not in COUNTERS and first.shape == row.shape:
        return torch.stack(list(values))
    if any(not bool(value == first) for value in values):
        raise Unstackable(f"the optimizer's {name!r} differs among the seeds")
    return first.clone() if isinstance(first, Tensor) else first


def split(name: str, value: Any, stacked: Tensor, number: int) -> Any:
    """A member's part of an entry of the stacked optimizer's state."""
    if not isinstance(value, Tensor):
        return value
    return value.clone() if name in COUNTERS or value.shape != stacked.shape else value[number]
