"""The exponential moving average of the weights, buffers included."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from seedbed.errors import CheckpointError, ConfigError


class EMA:
    """A copy of the model that follows its weights: average = decay · average + (1 - decay) · weights.

    The decay is constant, or with ``power`` warms up: at update s (from 0) it is min(decay, 1 - (1 + s)^-power), so
    that early weights are forgotten quickly. Floating-point buffers (BatchNorm's statistics) are averaged like the
    weights, integer buffers are copied, tied tensors count once. May be made before or after ``model.to(device)``.

    Args:
        model: Whose weights to average; it is copied as it is now.
        decay: Share of the old average that each update keeps (the upper bound where ``power`` is set).
        power: Exponent of the warm-up; 0.75 suits some 10,000 updates, 2/3 some 1,000,000.
        start_step: Until so many updates the average is a copy of the weights.
    """

    def __init__(self, model: nn.Module, decay: float = 0.999, power: float | None = None, start_step: int = 0) -> None:
        if not 0 <= decay < 1:
            raise ConfigError(f"ema.decay is {decay}; it must be at least 0 and less than 1")
        if power is not None and not power > 0:
            raise ConfigError(f"ema.power is {power}; it must be greater than 0")
        if any(is_lazy(parameter) for parameter in model.parameters()):
            raise ConfigError("ema needs weights, but the model has lazy layers; run one batch through it first")
        self.decay, self.power, self.start_step = decay, power, start_step
        self.updates = 0
        self.module = _copy(model)
        self._model: nn.Module | None = None
        self._pairs: list[tuple[_Slot, _Slot]] = []
        self._copied: list[tuple[_Slot, _Slot]] = []

    def decay_at(self, update: int) -> float:
        """The decay of update ``update``, counted from 0 at ``start_step``."""
        if self.power is None:
            return self.decay
        return float(min(self.decay, 1 - (1 + update) ** -self.power))

    def is_steady(self) -> bool:
        """Whether all updates from now on are made with the same decay."""
        return self.power is None and self.updates >= self.start_step

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take one step towards the weights of ``model``."""
        if model is not self._model:
            self._follow(model)
        copying = self.updates < self.start_step
        decay = 0.0 if copying else self.decay_at(self.updates - self.start_step)
        self.updates += 1
        averages, weights = _tensors(self._pairs)
        if averages and averages[0].device != weights[0].device:
            self.module.to(weights[0].device)
            averages, weights = _tensors(self._pairs)
        if averages and decay == 0:
            torch._foreach_copy_(averages, weights)
        elif averages:
            torch._foreach_lerp_(averages, weights, 1 - decay)
        for average, weight in self._copied:
            average.tensor.copy_(weight.tensor)

    def _follow(self, model: nn.Module) -> None:
        ours, theirs = list(_slots(self.module)), list(_slots(model))
        if [slot.path for slot in ours] != [slot.path for slot in theirs]:
            odd = sorted({slot.path for slot in ours} ^ {slot.path for slot in theirs})[:3]
            raise ConfigError(f"ema follows a model with other weights than the one it was made from: {', '.join(odd)}")
        pairs = list(zip(ours, theirs, strict=True))
        self._pairs = [pair for pair in pairs if pair[0].is_averaged()]
        self._copied = [pair for pair in pairs if not pair[0].is_averaged()]
        self._model = model

    def state_dict(self) -> dict[str, Any]:
        """The averaged model's state and the number of updates."""
        return {"module": self.module.state_dict(), "updates": self.updates}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Put back what ``state_dict`` took.

        Raises:
            CheckpointError: A tensor is missing, unexpected or of another shape.
        """
        try:
            self.module.load_state_dict(state_dict["module"], strict=True)
            self.updates = int(state_dict["updates"])
        except (RuntimeError, KeyError) as error:
            raise CheckpointError(f"the averaged weights in the checkpoint don't fit this model: {error}") from error


class _Slot:
    """Where a tensor lives. Looking it up each time keeps up with ``.to()`` and with buffers that are reassigned."""

    __slots__ = ("_name", "_tensors", "path")

    def __init__(self, path: str, tensors: Mapping[str, Tensor | None], name: str) -> None:
        self.path, self._tensors, self._name = path, tensors, name

    @property
    def tensor(self) -> Tensor:
        tensor = self._tensors[self._name]
        assert tensor is not None, f"{self.path} has become None since the average was made"
        return tensor

    def is_averaged(self) -> bool:
        """Whether there is a mean of such tensors; if not they are copied."""
        return self.tensor.is_floating_point() or self.tensor.is_complex()


def _tensors(pairs: list[tuple[_Slot, _Slot]]) -> tuple[list[Tensor], list[Tensor]]:
    return [average.tensor for average, _ in pairs], [weight.tensor for _, weight in pairs]


def _slots(model: nn.Module) -> Iterator[_Slot]:
    seen: set[int] = set()
    for prefix, module in model.named_modules():
        for tensors in (module._parameters, module._buffers):
            for name, tensor in tensors.items():
                if tensor is not None and id(tensor) not in seen:
                    seen.add(id(tensor))
                    yield _Slot(f"{prefix}.{name}" if prefix else name, tensors, name)


def _copy(model: nn.Module) -> nn.Module:
    try:
        module = copy.deepcopy(model)
    except Exception as error:
        raise ConfigError(f"ema can't copy the model {type(model).__name__}: {error}") from error
    module.eval()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    return module
