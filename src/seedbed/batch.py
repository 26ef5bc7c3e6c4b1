"""What travels from the data to the loop: a batch, and the position in the data after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch


@dataclass(slots=True)
class Batch:
    """Some samples, stacked.

    ``inputs`` and ``targets`` are tensors or nested lists, tuples and dicts of tensors; the first dimension of
    each tensor is the sample. ``indices`` (int64, shape (B,)) are the samples' numbers in the data set that they
    come from; they identify the samples in digests, reports and error messages.
    """

    inputs: Any
    targets: Any
    indices: npt.NDArray[np.int64]

    @property
    def num_samples(self) -> int:
        return len(self.indices)

    def to(self, device: torch.device, non_blocking: bool = False) -> Batch:
        """The same batch with every tensor on ``device``."""

        def move(tensor: torch.Tensor) -> torch.Tensor:
            return tensor.to(device, non_blocking=non_blocking)

        return replace(self, inputs=map_tensors(move, self.inputs), targets=map_tensors(move, self.targets))


@dataclass(frozen=True, slots=True)
class Cursor:
    """How much of the data training has consumed: ``batch`` batches of epoch ``epoch`` (both count from 0).

    ``position`` is what an iterable data set says of itself (its ``state_dict()``); None for data that can be
    indexed, whose order is a pure function of (seed, epoch, index).
    """

    epoch: int = 0
    batch: int = 0
    position: dict[str, Any] | None = None


def map_tensors(function: Callable[[torch.Tensor], Any], tree: Any) -> Any:
    """Apply ``function`` to every tensor in nested dicts, lists and tuples; leave the rest as it is."""
    if isinstance(tree, torch.Tensor):
        return function(tree)
    if isinstance(tree, dict):
        return {key: map_tensors(function, value) for key, value in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(map_tensors(function, value) for value in tree))
    if isinstance(tree, list | tuple):
        return type(tree)(map_tensors(function, value) for value in tree)
    return tree


def leaves(tree: Any) -> list[torch.Tensor]:
    """All tensors in nested dicts, lists and tuples."""
    found: list[torch.Tensor] = []
    map_tensors(found.append, tree)
    return found


def same_bits(a: torch.Tensor | None, b: torch.Tensor | None) -> bool:
    """Whether two tensors are the same in every bit, not-a-numbers included."""
    if a is None or b is None:
        return a is b
    if a.shape != b.shape or a.dtype != b.dtype or a.stride() != b.stride():
        return False
    return torch.equal(a, b) or torch.equal(*(t.detach().reshape(-1).view(torch.uint8) for t in (a, b)))


def has_rows(batch: Batch) -> bool:
    """Whether every tensor of a batch has one row for each sample."""
    tensors = [*leaves(batch.inputs), *leaves(batch.targets)]
    n = batch.num_samples
    return n >= 2 and bool(leaves(batch.inputs)) and all(t.ndim > 0 and len(t) == n for t in tensors)


def first_rows(batch: Batch, count: int) -> Batch:
    """The first ``count`` samples of a batch that ``has_rows``."""

    def cut(tensor: torch.Tensor) -> torch.Tensor:
        return tensor[:count]

    return Batch(map_tensors(cut, batch.inputs), map_tensors(cut, batch.targets), batch.indices[:count])


@dataclass(slots=True)
class Outcome:
    """What an objective makes of one batch: the mean ``loss`` (a scalar with its graph) and the model's ``outputs``."""

    loss: torch.Tensor
    outputs: Any
