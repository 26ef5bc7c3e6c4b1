"""Settings of torch that change bits or speed: made explicit for a run, recorded, and put back after it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.utils.deterministic

from seedbed.eager import set_deterministic
from seedbed.errors import ConfigError

deterministic_fill: Any = torch.utils.deterministic

# below this many weights times samples per update, more threads cost more than they bring
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


def choose_threads(num_parameters: int, batch_size: int) -> int:
    """CPU threads for a model of this size: one for small work, else every core that this process may use."""
    if num_parameters * batch_size < SINGLE_THREAD_WORK:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
