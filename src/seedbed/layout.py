"""How a tensor lies in memory, in words: storage, strides, and which views of it are free."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch


@dataclass(frozen=True)
class TensorLayout:
    """What ``inspect`` found. Strides and offset are in elements, sizes in bytes."""

    shape: tuple[int, ...]
    dtype: str
    device: str
    stride: tuple[int, ...]
    storage_offset: int
    contiguous: bool
    channels_last: bool
    view_of_larger_storage: bool
    own_bytes: int
    storage_bytes: int
    requires_grad: bool
    is_leaf: bool
    broadcast_dimensions: tuple[int, ...]
    flatten_is_free: bool
    mergeable: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        lines = [
            f"{self.dtype} {self.shape} on {self.device}, stride {self.stride}, offset {self.storage_offset}",
            f"{self.own_bytes:,} bytes of values in a storage of {self.storage_bytes:,} bytes"
            + (
                "; a view: writing to it changes the tensor that it was taken from"
                if self.view_of_larger_storage
                else ""
            ),
            "contiguous"
            if self.contiguous
            else ("channels-last" if self.channels_last else "not contiguous")
            + ("" if self.flatten_is_free else ": view(-1) fails, reshape(-1) and contiguous() copy"),
        ]
        if self.broadcast_dimensions:
            lines.append(f"dimensions {self.broadcast_dimensions} are expanded: one value in memory stands for many")
        if self.mergeable and not self.flatten_is_free:
            merged = ", ".join(f"{a} with {b}" for a, b in self.mergeable)
            lines.append(f"free to merge by view: dimensions {merged}")
        lines.append("free views: transpose, permute, narrow, slicing, unsqueeze, expand, detach")
        return "\n".join(lines)


def inspect(tensor: torch.Tensor) -> TensorLayout:
    """Describe how a tensor lies in memory; print the result to read it.

    Args:
        tensor: Any strided tensor.

    Raises:
        TypeError: It is no strided tensor.

    Example:
        >>> import torch, seedbed as sb
        >>> sb.inspect(torch.zeros(2, 3).t()).flatten_is_free
        False
    """
    if not isinstance(tensor, torch.Tensor) or tensor.layout is not torch.strided:
        raise TypeError(f"inspect takes a strided tensor, not {type(tensor).__name__}")
    shape, stride = tuple(tensor.shape), tensor.stride()
    own, storage = tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes()
    mergeable = tuple(
        (i, i + 1)
        for i in range(len(shape) - 1)
        if shape[i] == 1 or shape[i + 1] == 1 or stride[i] == shape[i + 1] * stride[i + 1]
    )
    # a dimension of size one lies anywhere, whatever its stride says
    spread = [(n, s) for n, s in zip(shape, stride, strict=True) if n != 1]
    return TensorLayout(
        shape=shape,
        dtype=str(tensor.dtype).removeprefix("torch."),
        device=str(tensor.device),
        stride=tuple(stride),
        storage_offset=int(tensor.storage_offset()),
        contiguous=tensor.is_contiguous(),
        channels_last=tensor.ndim == 4 and tensor.is_contiguous(memory_format=torch.channels_last),
        view_of_larger_storage=tensor._is_view() or own < storage,
        own_bytes=own,
        storage_bytes=storage,
        requires_grad=tensor.requires_grad,
        is_leaf=tensor.is_leaf,
        broadcast_dimensions=tuple(i for i, (n, s) in enumerate(zip(shape, stride, strict=True)) if n > 1 and s == 0),
        flatten_is_free=tensor.numel() == 0 or all(a == n * b for (_, a), (n, b) in pairwise(spread)),
        mergeable=mergeable,
    )
