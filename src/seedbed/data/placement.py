"""Where data in memory lie while training: finished or raw, on the training device or on the host.

It never changes a number: the same operations are done on the same device, only earlier or later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

COPY_LIMIT = 1 << 30  # bytes up to which a split is kept finished on the host, or moved to a device of unknown memory
FLOAT_LIMIT = 16 << 20  # the same for images of bytes, which grow fourfold
DEVICE_SHARE = 0.4  # of a GPU's free memory; the model, its gradients and its activations come later


@dataclass(frozen=True)
class Placement:
    """``finished``: put through the pipeline once, on the device. ``raw``: on the device as they are. ``host``: they
    stay where they are, and every batch travels. ``why`` is for a person.
    """

    kind: Literal["finished", "raw", "host"]
    why: str


def place(
    num_bytes: int,
    device: torch.device,
    *,
    pure: bool,
    images: bool,
    overlapping: bool = False,
    resident: bool | None = None,
    free: int | None = None,
) -> Placement:
    """Decide where a split lies.

    Args:
        num_bytes: Of its tensors.
        device: The training device.
        pure: Whether the pipeline has nothing random in it.
        images: Whether inputs are bytes, which become floats.
        overlapping: Whether samples share memory, so that a copy would be larger.
        resident: What the user says: True always on the device, False never; None decides by size.
        free: Bytes free on the device; None if nobody knows.
    """
    on_host = device.type == "cpu"
    finished = num_bytes * 4 if images else num_bytes
    limit = (FLOAT_LIMIT if images else COPY_LIMIT) if on_host else device_limit(free)
    size = f"{num_bytes / 1e9:.2g} GB"
    if overlapping and not resident:
        return Placement("host", "samples share memory, a copy would be larger")
    if resident is False and not on_host:
        return Placement("host", "resident is false")
    if pure and finished <= limit:
        return Placement("finished", f"{size} fit")
    if on_host:
        return Placement("host", f"{size}, finished batch by batch")
    if num_bytes <= limit or resident:
        return Placement("raw", f"{size} {'fit' if num_bytes <= limit else 'are asked for with resident'}")
    return Placement("host", f"{size} are more than {limit / 1e9:.2g} GB, {DEVICE_SHARE:.0%} of what is free")


def device_limit(free: int | None) -> int:
    """Bytes that a split may take on a GPU."""
    return COPY_LIMIT if free is None else int(free * DEVICE_SHARE)


def free_memory(device: torch.device) -> int | None:
    """Bytes that are free on a GPU; None for other devices."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on ``device``; to a GPU through pinned memory, so that the copy does not hold up the host.

    torch keeps the pinned memory until the copy is done.
    """
    if needs_pinning(tensor, device):
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def needs_pinning(tensor: Tensor, device: torch.device) -> bool:
    """Whether a copy to ``device`` would wait: it comes from pageable memory. Single numbers are not worth it."""
    return device.type == "cuda" and tensor.device.type == "cpu" and tensor.numel() > 1 and not tensor.is_pinned()
