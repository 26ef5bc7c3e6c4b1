"""Settings of torch that change bits or speed: made explicit for a run, recorded, and put back after it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.utils.deterministic
from torch import nn
from torch.nn.parameter import is_lazy

from seedbed.eager import set_deterministic
from seedbed.errors import ConfigError

deterministic_fill: Any = torch.utils.deterministic

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
POOLINGS: dict[type[nn.Module], int] = {
    nn.MaxPool1d: 1,
    nn.MaxPool2d: 2,
    nn.MaxPool3d: 3,
    nn.AvgPool2d: 2,
    nn.AvgPool3d: 3,
}
# below this many multiplications per forward pass, more threads cost more than they bring
SINGLE_THREAD_WORK = 4_000_000


def choose_device(name: str) -> torch.device:
    """The device that ``name`` means; "auto" is an accelerator where there is one.

    Raises:
        ConfigError: There is no such device here.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"trainer.device: {name!r} is no device; use auto, cpu, cuda, cuda:1 or mps") from None
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if not available.get(device.type, False) or (device.index or 0) >= count:
        raise ConfigError(f"trainer.device: {name!r} is not available on this machine; use auto or cpu")
    return torch.device("cuda", device.index or 0) if device.type == "cuda" else device


def choose_threads(work: int) -> int:
    """CPU threads for updates of so much work: one for small ones, else as many as torch has been given.

    That is every core, unless OMP_NUM_THREADS or ``torch.set_num_threads`` says otherwise.

    Args:
        work: What ``estimate_work`` gives, a pure function of model and batch.
    """
    if work < SINGLE_THREAD_WORK:
        return 1
    return torch.get_num_threads()


def estimate_work(model: nn.Module, batch_size: int, sample_shape: Sequence[int] = (), *, tokens: bool = False) -> int:
    """About how many multiplications one forward pass makes, from shapes alone; nothing is run.

    A weight is used once a sample; that of a convolution at every place of its output, which shrinks by the strides
    of the layers before it; any weight once a place of the sequence, where samples are sequences.

    Args:
        model: The model.
        batch_size: Samples per batch.
        sample_shape: Shape of one sample's input, without the batch; () if it is not one tensor.
        tokens: Whether the input is a sequence of token numbers.
    """
    spatial = math.prod(sample_shape[1:]) if len(sample_shape) > 2 else 0
    sequence = sample_shape[0] if len(sample_shape) == 2 or (tokens and len(sample_shape) == 1) else 1
    if len(sample_shape) == 2 and any(isinstance(module, nn.Conv1d) for module in model.modules()):
        spatial, sequence = sample_shape[1], 1
    total, places = 0, float(spatial or sequence)
    for module in model.modules():
        weights = sum(p.numel() for p in module.parameters(recurse=False) if not is_lazy(p))
        if isinstance(module, CONVOLUTIONS):
            places = max(1.0, places / math.prod(module.stride))
            total += int(weights * places)
        elif type(module) in POOLINGS:
            stride = module.stride if isinstance(module.stride, tuple) else (module.stride,) * POOLINGS[type(module)]
            places = max(1.0, places / math.prod(stride))
        elif not isinstance(module, nn.Embedding):
            total += weights * sequence
    return total * batch_size


@contextmanager
def pinned_numerics(device: torch.device, *, deterministic: bool) -> Iterator[None]:
    """Deterministic algorithms or not, no TF32, no autotuning; everything as it was found afterwards.

    In deterministic mode an operation without a deterministic form raises, it does not warn. Filling fresh memory
    with NaN, which torch does in this mode to expose uninitialised reads, is left off: it costs a pass over memory.
    """
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    saved = (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.benchmark,
        torch.get_float32_matmul_precision(),
        deterministic_fill.fill_uninitialized_memory,
        torch.backends.cudnn.allow_tf32,
    )
    set_deterministic(deterministic)
    torch.backends.cudnn.benchmark = not deterministic and device.type == "cuda"
    torch.set_float32_matmul_precision("highest")
    deterministic_fill.fill_uninitialized_memory = False
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.set_num_threads(saved[0])
        set_deterministic(saved[1], warn_only=saved[2])
        torch.backends.cudnn.benchmark = saved[3]
        torch.set_float32_matmul_precision(saved[4])
        deterministic_fill.fill_uninitialized_memory = saved[5]
        torch.backends.cudnn.allow_tf32 = saved[6]
