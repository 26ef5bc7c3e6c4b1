"""What happens to a batch between the samples and the model: device, float, transforms, normalizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from seedbed.batch import Batch, map_tensors
from seedbed.data.placement import to_device
from seedbed.data.randomness import BatchRandom
from seedbed.errors import DataError
from seedbed.seeding import stream_key

Transform: TypeAlias = Callable[[Tensor, BatchRandom], Tensor]


class Pipeline:
    """Device → uint8 images to float 0..1 → random transforms (training only) → normalizer → memory layout.

    Transforms and the normalizer see the inputs where these are one tensor, or the entry ``x`` of a dict. With
    ``channels_last`` set, inputs of four dimensions come out in that layout.

    Args:
        device: Where batches go.
        seed: Root seed of the transforms' random numbers.
        transforms: Functions ``(x, rng) -> x`` on whole batches; ``rng`` is a ``BatchRandom``.
        normalizer: Applied to inputs, last.
        target_normalizer: Applied to float targets.
    """

    def __init__(
        self,
        device: torch.device,
        *,
        seed: int,
        transforms: Sequence[Transform] = (),
        normalizer: nn.Module | None = None,
        target_normalizer: nn.Module | None = None,
    ) -> None:
        self.device, self.seed = device, seed
        self.transforms = tuple(transforms)
        self.normalizer, self.target_normalizer = normalizer, target_normalizer
        self.pure = not self.transforms
        self.channels_last = False
        self.resident: bool | None = None

    def __call__(self, inputs: Any, targets: Any, ids: npt.NDArray[np.int64], epoch: int | None) -> Batch:
        """The finished batch; ``epoch`` keys the transforms, None leaves them out (evaluation)."""
        return Batch(self.finish_inputs(inputs, ids, epoch), self.finish_targets(targets), ids)

    def finish_inputs(self, inputs: Any, ids: npt.NDArray[np.int64] | None, epoch: int | None) -> Any:
        """Inputs on the device, float, transformed, normalised and laid out."""
        inputs = self._finish_values(inputs, ids, epoch)
        return map_tensors(channels_last, inputs) if self.channels_last else inputs

    def _finish_values(self, inputs: Any, ids: npt.NDArray[np.int64] | None, epoch: int | None) -> Any:
        inputs = map_tensors(lambda tensor: to_float(to_device(tensor, self.device)), inputs)
        transforms = self.transforms if epoch is not None else ()
        if not transforms and self.normalizer is None:
            return inputs
        x = inputs if isinstance(inputs, Tensor) else inputs.get("x") if isinstance(inputs, dict) else None
        if not isinstance(x, Tensor):
            raise DataError(
                "transforms and normalize need inputs that are one tensor or a dict with the entry 'x'; these are "
                f"{type(inputs).__name__}{sorted(map(str, inputs)) if isinstance(inputs, dict) else ''}"
            )
        if transforms:
            x = self._transform(x, ids, epoch)
        if self.normalizer is not None:
            x = self.normalizer(x)
        return x if isinstance(inputs, Tensor) else {**inputs, "x": x}

    def finish_targets(self, targets: Any) -> Any:
        """Targets on the device, normalised where a target normalizer is set."""
        targets = map_tensors(lambda tensor: to_device(tensor, self.device), targets)
        if self.target_normalizer is not None and isinstance(targets, Tensor):
            return self.target_normalizer(targets)
        return targets

    def _transform(self, x: Tensor, ids: npt.NDArray[np.int64] | None, epoch: int | None) -> Tensor:
        numbers = torch.from_numpy(ids).to(x.device)
        for place, transform in enumerate(self.transforms):
            key = stream_key(self.seed, "transform", place, -1 if epoch is None else epoch)
            x = transform(x, BatchRandom(key, numbers))
        return x


def to_float(tensor: Tensor) -> Tensor:
    """uint8 images as float 0..1; everything else as it is."""
    return tensor.to(torch.float32).div_(255.0) if tensor.dtype == torch.uint8 else tensor


def channels_last(tensor: Tensor) -> Tensor:
    """Images with the channels of a pixel beside each other in memory; everything else as it is."""
    if tensor.ndim != 4 or not tensor.is_floating_point():
        return tensor
    return tensor.contiguous(memory_format=torch.channels_last)
