"""Gradient norm and update-to-weight ratio per parameter group, on the device, for the steps that are logged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class UpdateStatistics:
    """Measures one update: ``before()`` it, then ``after()`` it. Between logged updates it costs and keeps nothing.

    Norms are Euclidean, over all of a group's tensors that have a gradient. The gradient norm is that of the
    gradients as they are after the update, that is after clipping. The ratio is |new - old| / |old|; about 1e-3 is
    healthy.
    """

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer
        self._old: list[list[Tensor]] | None = None

    @torch.no_grad()
    def before(self) -> None:
        """Copy the weights."""
        self._old = [[p.detach().clone() for p in group["params"]] for group in self.optimizer.param_groups]

    @torch.no_grad()
    def after(self) -> dict[str, Tensor]:
        """``grad_norm/<group>`` and, where ``before`` was called, ``update_ratio/<group>``: scalars on the device."""
        result: dict[str, Tensor] = {}
        for number, group in enumerate(self.optimizer.param_groups):
            name = _name(number, group)
            gradients = [p.grad for p in group["params"] if p.grad is not None]
            if gradients:
                result[f"grad_norm/{name}"] = total_norm(gradients)
            if self._old is not None and self._old[number]:
                old = self._old[number]
                change = torch._foreach_sub([p.detach() for p in group["params"]], old)
                result[f"update_ratio/{name}"] = total_norm(change) / total_norm(old)
        self._old = None
        return result


def total_norm(tensors: Sequence[Tensor]) -> Tensor:
    """Euclidean norm over all elements of all ``tensors``, a scalar on their device."""
    dense = [tensor.coalesce().values() if tensor.is_sparse else tensor for tensor in tensors]
    norms = torch.stack([norm.float() for norm in torch._foreach_norm(dense)])
    return norms.square().sum().sqrt()


def _name(number: int, group: dict[str, Any]) -> str:
    return str(group.get("name", f"group {number}"))
