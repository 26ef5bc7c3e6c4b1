"""After a loss that is not finite: where it started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from seedbed.batch import Batch, map_tensors
from seedbed.seeding import forked_rng
from seedbed.state import TrainState


def describe_non_finite(state: TrainState, batches: Sequence[Batch]) -> str:
    """Say which module's output is the first that is not finite for these batches, or which weight already is not.

    Repeats the forward passes with hooks, in train mode, with the random state left as it was found.
    """
    for name, parameter in state.model.named_parameters():
        if not torch.isfinite(parameter).all():
            return f"the parameter {name!r} is no longer finite, so an earlier update broke it"
    for batch in batches:
        found = check_inputs(batch) or first_module(state, batch)
        if found:
            return found
    return "every module's output is finite, so the loss function itself overflows or takes the log of zero"


def has_non_finite(tree: Any) -> bool:
    """Whether any floating-point tensor in a nested structure has an element that is not finite."""
    found = False

    def look(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal found
        found = found or (tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()))
        return tensor

    map_tensors(look, tree)
    return found


def check_inputs(batch: Batch) -> str | None:
    """Say which samples have inputs or targets that are not finite."""
    for what, tree in (("inputs", batch.inputs), ("targets", batch.targets)):
        if has_non_finite(tree):
            if isinstance(tree, torch.Tensor):
                rows = (~torch.isfinite(tree)).flatten(1).any(1) if tree.dim() > 1 else ~torch.isfinite(tree)
                ids = batch.indices[rows.cpu().numpy()]
                return f"the {what} of sample {', '.join(map(str, ids[:5]))} are not finite"
            return f"the {what} of the batch are not finite"
    return None


def first_module(state: TrainState, batch: Batch) -> str | None:
    """The first module, in the order of execution, whose output is not finite."""
    found: list[str] = []

    def watch(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if not found and has_non_finite(output):
                found.append(f"the first output that is not finite comes from {name!r} ({type(module).__name__})")

        return hook

    hooks = [
        module.register_forward_hook(watch(name or "model"))
        for name, module in state.model.named_modules()
        if not list(module.children())
    ]
    try:
        with forked_rng(), torch.no_grad(), state.autocast():
            state.objective(state.model, batch)
    finally:
        for hook in hooks:
            hook.remove()
    return found[0] if found else None
