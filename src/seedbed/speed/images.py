"""Whether images are laid out with the channels of a pixel beside each other, where the config leaves it open.

On a CPU an update of most convolutional nets is faster so (docs/benchmarks.md), and the last bits are others. So it is
a default that depends on model and data alone, and part of the numeric fingerprint.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from seedbed.batch import Batch, leaves
from seedbed.data.batches import TrainBatches
from seedbed.data.samples import TensorSamples, split_item
from seedbed.eager import Watching
from seedbed.loop import train_step
from seedbed.seeding import forked_rng, stream_key
from seedbed.speed.pure import constants_of
from seedbed.state import Job, TrainState

NUM_SAMPLES = 2
TOLERANCE = 1e-3  # of the largest element; rounding is far below it
WHOLE_BLOCK = 16  # channels that oneDNN's kernels take at once; 8 without AVX-512
# flattening moves every element, which may take longer than the convolutions gain: seen where more than a quarter of
# what they put out was flattened, with less than that many multiplications an element (docs/benchmarks.md)
SMALL_SHARE, MUCH_WORK = 0.25, 128


@dataclass(frozen=True)
class Convolution:
    """One that a model was seen to make: the weight's shape (out, in / groups, height, width), and how it is moved."""

    weight: tuple[int, ...]
    stride: tuple[int, ...]
    transposed: bool = False

    def writes_beyond(self) -> bool:
        """Whether its backward pass on a CPU, channels last, writes past its memory, as in torch 2.13.

        Kernels of one pixel with a stride, over fewer channels than a block (oneDNN issue 6035): on one thread the
        process dies sooner or later, on several the gradient is wrong or never comes.
        """
        return (
            len(self.weight) == 4
            and math.prod(self.weight[2:]) == 1
            and max(self.stride) > 1
            and self.weight[1] < WHOLE_BLOCK
        )


class Convolutions(Watching):
    """While it is entered, notes every convolution of images, whoever calls it.

    ``seen`` has each kind once, in the order of their making; ``work`` are their multiplications, ``made`` the elements
    that they put out, ``moved`` those that were laid out anew in the plain order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[Convolution, None] = {}
        self.work = self.made = self.moved = 0

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Do it, and look."""
        result = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.convolution.default:
            self.seen[Convolution(tuple(args[1].shape), tuple(args[3]), bool(args[6]))] = None
            self.made += result.numel()
            self.work += result.numel() * math.prod(args[1].shape[1:])
        elif func is torch.ops.aten.clone.default and args[0].ndim == 4 and not args[0].is_contiguous():
            self.moved += result.numel() if result.is_contiguous() else 0
        return result

    def pays(self) -> bool:
        """Whether convolutions gain by the layout what laying their images out anew costs."""
        return self.moved <= SMALL_SHARE * self.made or self.work >= MUCH_WORK * self.moved


def prefers_channels_last(job: Job) -> bool:
    """Whether the layout is the default for a training: of images, on a CPU, with a model that takes them so."""
    model, batches = job.state.model, job.batches
    if not (
        isinstance(batches, TrainBatches)
        and job.train_step is train_step
        and job.state.device.type == "cpu"
        and any(isinstance(module, nn.Conv2d) for module in model.modules())
        and not any(is_lazy(parameter) for parameter in model.parameters())
    ):
        return False
    shape = shape_of_inputs(batches)
    return shape is not None and len(shape) == 3 and takes_channels_last(model, shape)


def shape_of_inputs(batches: TrainBatches) -> torch.Size | None:
    """Of one sample's inputs, where these are one tensor; of a data set, the first item is read for it."""
    try:
        if isinstance(batches.samples, TensorSamples):
            inputs, first = batches.samples.inputs, 1
        elif batches.fetcher is None:
            return None
        else:
            with forked_rng():
                inputs, first = split_item(batches.fetcher.read_sample(int(batches.samples.ids[0]), 0))[0], 0
    except Exception:  # an item that cannot be read: the training itself will say it
        return None
    return torch.Size(inputs.shape[first:]) if isinstance(inputs, Tensor | np.ndarray) else None


def takes_channels_last(model: nn.Module, shape: torch.Size) -> bool:
    """Whether a copy of a model gives the same outputs and gradients in either layout, rounding aside, and gains by it.

    ``view`` refuses such images where ``reshape`` and ``flatten`` take them; so that it is found here and not in the
    middle of a training, the model's code must be known to take one way only. Transposed convolutions stay plain: the
    gradient of their bias is summed with less precision in the other layout.

    Args:
        model: Takes images (B, C, H, W).
        shape: (C, H, W).
    """
    try:
        constants_of(model)
        with forked_rng():
            plain, made = try_layout(model, shape, torch.contiguous_format)
            if any(one.transposed or one.writes_beyond() for one in made.seen):
                return False
            other, made = try_layout(model, shape, torch.channels_last)
    except Exception:  # code that is not known, or whatever it raises; in the plain layout the training will say it
        return False
    return made.pays() and len(plain) == len(other) and all(map(agree, plain, other))


def why_not_channels_last(state: TrainState, batch: Batch) -> str | None:
    """Why a training must not be laid out so although somebody wants it, as half a sentence; None if it may.

    Args:
        state: Copied for a forward pass in the layout that it has.
        batch: Of its data.
    """
    if state.device.type != "cpu":
        return None
    try:
        with forked_rng(), torch.no_grad(), Convolutions() as convolutions:
            model, objective = copy.deepcopy((state.model, state.objective))
            objective(model, batch)
    except Exception:  # the training itself will say it
        return None
    broken = next((one for one in convolutions.seen if one.writes_beyond()), None)
    if broken is None:
        return None
    return (
        f"a convolution of one pixel with stride {max(broken.stride)} over {broken.weight[1]} channels writes past its "
        f"memory in this layout on a CPU (oneDNN issue 6035); give it {WHOLE_BLOCK} channels or more, or pool first"
    )


def try_layout(model: nn.Module, shape: torch.Size, layout: torch.memory_format) -> tuple[list[Tensor], Convolutions]:
    """Outputs and gradients of a copy for a few random images, and the convolutions in training mode."""
    torch.manual_seed(stream_key(0, "layout"))
    replica: Any = copy.deepcopy(model).to(memory_format=layout).train()  # type: ignore[call-overload]
    images = torch.rand(NUM_SAMPLES, *shape).contiguous(memory_format=layout)
    with Convolutions() as convolutions:
        outputs = leaves(replica(images))
    torch.stack([output.float().square().mean() for output in outputs]).sum().backward()
    gradients = [parameter.grad for parameter in replica.parameters() if parameter.grad is not None]
    with torch.no_grad():
        evaluated = leaves(replica.eval()(images))
    return [tensor.detach() for tensor in (*outputs, *gradients, *evaluated)], convolutions


def agree(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are the same but for rounding."""
    if a.shape != b.shape:
        return False
    scale = float(a.abs().max()) if a.numel() else 0.0
    return bool(((a - b).abs() <= TOLERANCE * scale + 1e-6).all())
