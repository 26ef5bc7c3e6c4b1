"""Whether images are laid out with the channels of a pixel beside each other, where the config leaves it open.

On a CPU an update of a convolutional net takes 0.6 to 0.97 of its time so (docs/benchmarks.md), and the last bits are
others. So it is a default that depends on model and data alone, and part of the numeric fingerprint.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from seedbed.batch import leaves
from seedbed.data.batches import TrainBatches
from seedbed.loop import train_step
from seedbed.seeding import forked_rng, stream_key
from seedbed.state import Job

NUM_SAMPLES = 2
TOLERANCE = 1e-3  # of the largest element; rounding is far below it


def prefers_channels_last(job: Job) -> bool:
    """Whether the layout is the default for a training: images in memory, on a CPU, for a model that takes them so."""
    inputs = getattr(getattr(job.batches, "samples", None), "inputs", None)
    model = job.state.model
    return (
        isinstance(job.batches, TrainBatches)
        and job.train_step is train_step
        and job.state.device.type == "cpu"
        and isinstance(inputs, Tensor)
        and inputs.ndim == 4
        and any(isinstance(module, nn.Conv2d) for module in model.modules())
        and not any(is_lazy(parameter) for parameter in model.parameters())
        and takes_channels_last(model, inputs.shape[1:])
    )


def takes_channels_last(model: nn.Module, shape: torch.Size) -> bool:
    """Whether a copy of a model gives the same outputs and gradients in either layout, rounding aside.

    ``view`` refuses such images where ``reshape`` and ``flatten`` take them.

    Args:
        model: Takes images (B, C, H, W).
        shape: (C, H, W).
    """
    try:
        with forked_rng():
            plain, other = (
                try_layout(model, shape, layout) for layout in (torch.contiguous_format, torch.channels_last)
            )
    except Exception:  # whatever the model raises; in the plain layout the training itself will say it
        return False
    return len(plain) == len(other) and all(map(agree, plain, other))


def try_layout(model: nn.Module, shape: torch.Size, layout: torch.memory_format) -> list[Tensor]:
    """Outputs and gradients of a copy for a few random images."""
    torch.manual_seed(stream_key(0, "layout"))
    replica: Any = copy.deepcopy(model).to(memory_format=layout).train()  # type: ignore[call-overload]
    outputs = leaves(replica(torch.rand(NUM_SAMPLES, *shape).contiguous(memory_format=layout)))
    torch.stack([output.float().square().mean() for output in outputs]).sum().backward()
    gradients = [parameter.grad for parameter in replica.parameters() if parameter.grad is not None]
    return [tensor.detach() for tensor in (*outputs, *gradients)]


def agree(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are the same but for rounding."""
    if a.shape != b.shape:
        return False
    scale = float(a.abs().max()) if a.numel() else 0.0
    return bool(((a - b).abs() <= TOLERANCE * scale + 1e-6).all())
