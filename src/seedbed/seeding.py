"""One root seed, one named stream of random numbers per use; and every generator's state, kept and put back.

A stream's key is blake2b over the seed and the names, so streams don't overlap, a new stream changes no other,
and a key never depends on how many numbers were drawn before.
"""

from __future__ import annotations

import hashlib
import operator
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch


def stream_key(seed: int, *names: str | int) -> int:
    """64-bit key of the stream ``names`` under the root ``seed``; a pure function, the same on every machine."""
    text = "\x1f".join([str(seed), *(f"{type(name).__name__}:{name}" for name in names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def stream_keys(seed: int, *names: str | int) -> Callable[[int], int]:
    """``stream_key(seed, *names, number)`` as a function of ``number``; what all have in common is hashed once."""
    text = "\x1f".join([str(seed), *(f"{type(name).__name__}:{name}" for name in names)])
    shared = hashlib.blake2b(f"{text}\x1fint:".encode(), digest_size=8)

    def key(number: int) -> int:
        own = shared.copy()
        own.update(str(number).encode())
        return int.from_bytes(own.digest(), "little")

    return key


def torch_generator(seed: int, *names: str | int, device: str | torch.device = "cpu") -> torch.Generator:
    """A torch generator for the stream ``names``."""
    return torch.Generator(device=device).manual_seed(stream_key(seed, *names) >> 1)


def numpy_generator(seed: int, *names: str | int) -> np.random.Generator:
    """A numpy generator (Philox, counter-based) for the stream ``names``."""
    return np.random.Generator(np.random.Philox(key=stream_key(seed, *names)))


def seed_everything(seed: int) -> None:
    """Seed Python's, numpy's and torch's global generators (all devices) from one root seed.

    Each gets its own stream, so that two libraries never draw the same sequence.
    """
    random.seed(stream_key(seed, "global", "python"))
    np.random.seed(stream_key(seed, "global", "numpy") % 2**32)
    torch.manual_seed(stream_key(seed, "global", "torch") >> 1)


@dataclass(frozen=True)
class GlobalGenerator:
    """One of the global CPU generators: how its state is read, put back and compared, and how it is seeded by a key."""

    state: Callable[[], Any]
    restore: Callable[[Any], object]
    same: Callable[[Any, Any], bool]
    seed: Callable[[int], object]


def _same_numpy(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return a[2:] == b[2:] and np.array_equal(a[1], b[1])


GLOBALS = (
    GlobalGenerator(random.getstate, random.setstate, operator.eq, random.seed),
    GlobalGenerator(
        partial(np.random.get_state, legacy=True),
        np.random.set_state,
        _same_numpy,
        lambda key: np.random.seed(key & 0xFFFFFFFF),
    ),
    # ``torch.manual_seed`` costs 228 µs because it visits every device; the CPU generator alone costs a few
    GlobalGenerator(
        torch.default_generator.get_state,
        torch.default_generator.set_state,
        torch.equal,
        lambda key: torch.default_generator.manual_seed(key >> 1),
    ),
)


def reseed_globals(key: int) -> None:
    """Seed Python's, numpy's and torch's global CPU generators from one key."""
    for generator in GLOBALS:
        generator.seed(key)


def capture_rng() -> dict[str, Any]:
    """The state of every global generator: tensors for torch, plain data for Python and numpy."""
    version, words, gauss = random.getstate()
    name, keys, pos, has_gauss, cached = np.random.get_state(legacy=True)
    state: dict[str, Any] = {
        # as one tensor: 625 numbers one by one are the slowest part of a small checkpoint
        "python": {"version": version, "words": torch.from_numpy(np.fromiter(words, np.int64)), "gauss": gauss},
        "numpy": {
            "name": str(name),
            "keys": torch.from_numpy(np.asarray(keys).astype(np.int64)),
            "pos": int(pos),
            "has_gauss": int(has_gauss),
            "cached": float(cached),
        },
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        state["cuda"] = list(torch.cuda.get_rng_state_all())
    return state


def restore_rng(state: dict[str, Any]) -> None:
    """Put back what ``capture_rng`` took."""
    python, numpy = state["python"], state["numpy"]
    words = python["words"]  # a list in checkpoints of the first versions
    random.setstate(
        (python["version"], tuple(words.tolist() if isinstance(words, torch.Tensor) else words), python["gauss"])
    )
    keys = np.asarray(numpy["keys"]).astype(np.uint32)
    np.random.set_state((numpy["name"], keys, numpy["pos"], numpy["has_gauss"], numpy["cached"]))
    torch.set_rng_state(state["torch"].cpu())
    for device, cuda_state in enumerate(state.get("cuda", [])):
        if device < torch.cuda.device_count():
            torch.cuda.set_rng_state(cuda_state.cpu(), device)


@contextmanager
def forked_rng(key: int | None = None) -> Iterator[None]:
    """Leave every global generator as it was found; inside, start from ``key`` if one is given."""
    python, numpy, cpu = random.getstate(), np.random.get_state(legacy=False), torch.get_rng_state()
    has_devices = torch.cuda.is_available() and torch.cuda.is_initialized()
    devices = torch.cuda.get_rng_state_all() if has_devices else []
    if key is not None:
        random.seed(key)
        np.random.seed(key & 0xFFFFFFFF)
        torch.manual_seed(key >> 1)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(cpu)
        for device, saved in enumerate(devices):
            torch.cuda.set_rng_state(saved, device)
