"""Random transforms of whole batches, each sample by its own numbers (see ``seedbed.data.randomness``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from seedbed.data.randomness import BatchRandom
from seedbed.errors import ConfigError, DataError


class RandomCrop:
    """Pad images (B, C, H, W) with zeros and cut a random window of the original size.

    Args:
        padding: Pixels added on every side.
    """

    def __init__(self, *, padding: int = 4) -> None:
        self.padding = padding

    def __call__(self, x: Tensor, rng: BatchRandom) -> Tensor:
        _check_images(x, "random_crop")
        pad, (height, width) = self.padding, x.shape[-2:]
        top, left = rng.integers(0, 2 * pad + 1, 2).unbind(1)
        padded = F.pad(x, (pad, pad, pad, pad))
        rows = top[:, None] + torch.arange(height, device=x.device)
        columns = left[:, None] + torch.arange(width, device=x.device)
        places = (rows[:, :, None] * padded.shape[-1] + columns[:, None, :]).flatten(1)
        index = places[:, None].expand(-1, x.shape[1], -1)
        return padded.flatten(2).gather(2, index).reshape(x.shape)


class HorizontalFlip:
    """Mirror images (B, C, H, W) left to right with probability ``p``."""

    def __init__(self, *, p: float = 0.5) -> None:
        self.p = p

    def __call__(self, x: Tensor, rng: BatchRandom) -> Tensor:
        _check_images(x, "horizontal_flip")
        flip = rng.uniform(1)[:, :, None, None] < self.p
        return torch.where(flip, x.flip(-1), x)


class RandomShift:
    """Shift along every spatial dimension by up to ``limit`` places; what moves in is zero.

    Works for series (B, C, T) and images (B, C, H, W).
    """

    def __init__(self, *, limit: int = 2) -> None:
        self.limit = limit

    def __call__(self, x: Tensor, rng: BatchRandom) -> Tensor:
        if x.ndim < 3:
            raise DataError(f"random_shift needs series (B, C, T) or images (B, C, H, W); got {tuple(x.shape)}")
        shifts = rng.integers(-self.limit, self.limit + 1, x.ndim - 2)
        for axis in range(2, x.ndim):
            size = x.shape[axis]
            source = torch.arange(size, device=x.device) - shifts[:, axis - 2 : axis - 1]
            inside = (source >= 0) & (source < size)
            view = [len(x), *(size if d == axis else 1 for d in range(1, x.ndim))]
            index = source.clamp(0, size - 1).reshape(view).expand(x.shape)
            x = torch.where(
                inside.reshape(view), x.gather(axis, index), torch.zeros((), dtype=x.dtype, device=x.device)
            )
        return x


class GaussianNoise:
    """Add normal noise with standard deviation ``std``."""

    def __init__(self, *, std: float = 0.1) -> None:
        self.std = std

    def __call__(self, x: Tensor, rng: BatchRandom) -> Tensor:
        return x + self.std * rng.normal(*x.shape[1:]).to(x.dtype)


class Cutout:
    """Set a random square of images (B, C, H, W) to zero (DeVries and Taylor, 2017). It may lie partly outside.

    Args:
        size: Side of the square in pixels.
    """

    def __init__(self, *, size: int = 8) -> None:
        self.size = size

    def __call__(self, x: Tensor, rng: BatchRandom) -> Tensor:
        _check_images(x, "cutout")
        height, width = x.shape[-2:]
        centre = rng.uniform(2) * torch.tensor([height, width], device=x.device)
        low = centre.floor().long() - self.size // 2
        inside = []
        for axis, size in enumerate((height, width)):
            places = torch.arange(size, device=x.device)
            start = low[:, axis : axis + 1]
            inside.append((places >= start) & (places < start + self.size))
        hole = inside[0][:, None, :, None] & inside[1][:, None, None, :]
        return x.masked_fill(hole, 0.0)


TRANSFORMS: dict[str, Callable[..., Callable[[Tensor, BatchRandom], Tensor]]] = {
    "random_crop": RandomCrop,
    "horizontal_flip": HorizontalFlip,
    "random_shift": RandomShift,
    "gaussian_noise": GaussianNoise,
    "cutout": Cutout,
}


def make_transforms(
    options: Sequence[str | dict[str, Any] | Callable[..., Any]],
) -> list[Callable[[Tensor, BatchRandom], Tensor]]:
    """Transforms by name, by ``{type, args}``, or functions ``(x, rng) -> x`` as they are.

    Raises:
        ConfigError: An unknown name or argument.
    """
    made: list[Callable[[Tensor, BatchRandom], Tensor]] = []
    for option in options:
        if callable(option):
            made.append(option)
            continue
        name = option if isinstance(option, str) else option.get("type")
        arguments = {} if isinstance(option, str) else dict(option.get("args") or {})
        if name not in TRANSFORMS:
            raise ConfigError(f"unknown transform {name!r}; choose from {', '.join(TRANSFORMS)}, or give a function")
        try:
            made.append(TRANSFORMS[name](**arguments))
        except TypeError as error:
            raise ConfigError(f"transform {name}: {error}") from error
    return made


def _check_images(x: Tensor, name: str) -> None:
    if x.ndim != 4:
        raise DataError(f"{name} needs images of shape (B, C, H, W); got {tuple(x.shape)}")
