"""Forward and backward of a stack's batch: the members' code once, on the stacked weights.

Shapes: n member; a stacked tensor is (n, …).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.batch import Batch, map_tensors
from seedbed.fast import ENGINE
from seedbed.speed.pure import Constant, ImpureError, constants_of
from seedbed.speed.tape import PLAIN
from seedbed.speed.tapes import Passes, Tapes
from seedbed.stacked.member import Member
from seedbed.stacked.operations import drawing
from seedbed.stacked.tensor import Stacked, unwrap, wrap

BATCH_NORMS = {nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d}
Place = tuple[dict[str, Any], str]  # where a module keeps a tensor: its dict, and the key


class PassesOfStack(Passes):
    """A copy of one member's model and objective, into which the stacked tensors are put.

    Args:
        members: Trainings of one config under several seeds.
        parameters: Their parameters, stacked, in the model's order.
        buffers: Their running statistics, stacked, in the order of ``statistics_of``.
    """

    kinds = (*PLAIN, Stacked)

    def __init__(self, members: Sequence[Member], parameters: Sequence[Tensor], buffers: Sequence[Tensor]) -> None:
        self.lead = members[0].state
        self.model = copy.deepcopy(self.lead.model)
        self.objective: Any = copy.deepcopy(self.lead.objective)
        parts = [part for part in (self.model, self.objective) if isinstance(part, nn.Module)]
        constants, self.why_not = what_it_reads((self.model, self.objective))
        super().__init__(parts, parameters, constants, [member.generator for member in members])
        models = [member.state.model for member in members]
        self.weight_places = [places_of(self.model, name) for name, _ in models[0].named_parameters()]
        self.statistics = statistics_of(self.model)  # by name; running statistics change with every batch
        self.running = list(buffers)
        self.unlike = stack_constants(self.model, models)
        apart = {id(tensor) for places in self.statistics.values() for tensor in [places[0][places[1]]]}
        apart |= {id(tensors[key]) for _, (tensors, key) in self.unlike}
        held = [buffer for module in self.modules for buffer in module._buffers.values() if buffer is not None]
        self.alike = [buffer for buffer in held if id(buffer) not in apart]
        self.ones = torch.ones(len(members), device=self.lead.device)

    def make(self, batch: Batch, shares: Sequence[float] | None = None) -> tuple[Tensor, Any]:
        """Each member's loss, times its share where the batch is one of several; and the outputs, (n, …)."""
        self.place(self.parameters, self.running)
        with drawing(self.generators):
            outcome = self.objective(self.model, seen(batch))
        losses = unwrap(outcome.loss)
        if shares is not None:
            losses = losses * losses.new_tensor(shares)
        self.backward(losses)
        return losses.detach(), map_tensors(unwrap, outcome.outputs)

    def place(self, weights: Sequence[Tensor], statistics: Sequence[Tensor]) -> None:
        """Put stacked weights and running statistics into the copy, with the other buffers that differ."""
        for tensor, places in zip(weights, self.weight_places, strict=True):
            shown = wrap(tensor)
            for tensors, key in places:
                tensors[key] = shown
        for tensor, (tensors, key) in zip(statistics, self.statistics.values(), strict=True):
            tensors[key] = wrap(tensor)
        for tensor, (tensors, key) in self.unlike:
            tensors[key] = wrap(tensor)

    def backward(self, losses: Tensor) -> None:
        """``losses.sum().backward()``, called as ``fast.FastStep`` does."""
        if ENGINE is None or losses.dtype is not self.ones.dtype:
            losses.sum().backward()
        else:
            ENGINE((losses,), (self.ones,), False, False, (), allow_unreachable=True, accumulate_grad=True)

    def memory(self) -> list[Tensor]:
        """The stacked weights and statistics, the other buffers, and the ones that backward begins with."""
        return [*self.parameters, *self.running, *(tensor for tensor, _ in self.unlike), *self.alike, self.ones]

    def buffers(self) -> list[Tensor]:
        """The running statistics; what changes other buffers is not stacked."""
        return self.running

    def number(self) -> int:
        """Which update it is, counted from 1."""
        return self.lead.step + 1


def seen(batch: Batch) -> Batch:
    """A batch of stacked tensors as a member's code sees it."""
    return Batch(map_tensors(wrap, batch.inputs), map_tensors(wrap, batch.targets), batch.indices)


def what_it_reads(parts: Sequence[Any]) -> tuple[list[Constant], str | None]:
    """The attributes that the code of these reads; or why it cannot be replayed, as half a sentence."""
    try:
        return [constant for part in parts for constant in constants_of(part)], None
    except ImpureError as error:
        return [], str(error)


def tapes_of(passes: PassesOfStack, wanted: bool | None) -> Tapes | None:
    """The tapes of a stack on the CPU whose code is a function of its inputs; none where ``wanted`` is false."""
    usable = wanted is not False and passes.why_not is None and passes.lead.device.type == "cpu"
    return Tapes(passes) if usable else None


def places_of(model: nn.Module, name: str) -> list[Place]:
    """Every place in a model that holds the parameter of that name, several where weights are tied."""
    wanted = model.get_parameter(name)
    return [
        (module._parameters, key)
        for module in model.modules()
        for key, parameter in module._parameters.items()
        if parameter is wanted
    ]


def keeps_statistics(module: nn.Module) -> bool:
    """Whether a stack can keep this module's running statistics: a BatchNorm that averages with a fixed momentum."""
    return type(module) in BATCH_NORMS and bool(module.track_running_stats) and module.momentum is not None


def statistics_of(model: nn.Module) -> dict[str, Place]:
    """The names of the running statistics that a stack keeps, and their places in ``model``."""
    return {
        f"{prefix}.{key}" if prefix else key: (module._buffers, key)
        for prefix, module in model.named_modules()
        if keeps_statistics(module)
        for key, buffer in module._buffers.items()
        if buffer is not None
    }


def stack_constants(template: nn.Module, models: Sequence[nn.Module]) -> list[tuple[Tensor, Place]]:
    """The other buffers that differ among the members, stacked, and their places; the rest stays in the template."""
    found: list[tuple[Tensor, Place]] = []
    theirs = [dict(model.named_buffers(remove_duplicate=False)) for model in models]
    for prefix, module in template.named_modules():
        for key, buffer in () if keeps_statistics(module) else module._buffers.items():
            its = [buffers.get(f"{prefix}.{key}" if prefix else key) for buffers in theirs]
            rows = [row for row in its if row is not None]
            if buffer is not None and any(not torch.equal(row, rows[0]) for row in rows):
                found.append((torch.stack(rows), (module._buffers, key)))
    return found
