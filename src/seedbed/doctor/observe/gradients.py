"""Marks and sizes of gradients, by which one is told from the next."""

from __future__ import annotations

import torch
from torch import Tensor

EXACT = frozenset({torch.float32, torch.float64, torch.complex64})


def exact(value: Tensor, *, copy: bool = False) -> Tensor:
    """A tensor in a type in which sums of its squares don't overflow."""
    return (value.clone() if copy else value) if value.dtype in EXACT else value.float()


def marks_of(watched: list[Tensor]) -> dict[int, tuple[int, int]]:
    """Which gradient each parameter has, and how often that was written to."""
    return {id(p): (id(p.grad), p.grad._version) for p in watched if p.grad is not None}


def sizes_of(grads: list[Tensor]) -> list[float]:
    """The norm of each gradient."""
    return [norm.item() for norm in torch._foreach_norm([exact(g) for g in grads])] if grads else []
