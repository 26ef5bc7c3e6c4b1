"""Random numbers for augmentation: each sample's are a pure function of (key, sample number, draw number).

A whole batch is drawn at once, yet what a sample gets does not depend on its neighbours in the batch, on the batch
size or on the device.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from seedbed.seeding import GLOBALS, GlobalGenerator, stream_key

_GOLDEN = 0x9E3779B97F4A7C15
_MULTIPLIER_1 = 0xBF58476D1CE4E5B9
_MULTIPLIER_2 = 0x94D049BB133111EB


def uniforms(key: int, ids: Tensor, num_draws: int, first_draw: int = 0) -> Tensor:
    """Uniform numbers in [0, 1) with 24 random bits: float32, shape (B, num_draws), on the device of ``ids``.

    Args:
        key: 64-bit key of the stream.
        ids: Sample numbers, int64, shape (B,).
        num_draws: Numbers per sample.
        first_draw: Number of the first draw; draws k.. of one call equal draws 0.. of a call with ``first_draw=k``.
    """
    return (words(key, ids, num_draws, first_draw) >> 40).bitwise_and_(0xFFFFFF).float().mul_(2.0**-24)


def normals(key: int, ids: Tensor, num_draws: int, first_draw: int = 0) -> Tensor:
    """Standard normal numbers, shape (B, num_draws), by the transform of Box and Muller (1958)."""
    pairs = uniforms(key, ids, 2 * num_draws, 2 * first_draw)
    radius, angle = pairs[:, 0::2], pairs[:, 1::2]
    # 1 - u is in (0, 1], so the logarithm is finite
    return (-2.0 * torch.log1p(-radius)).sqrt() * torch.cos(2.0 * math.pi * angle)


def words(key: int, ids: Tensor, num_draws: int, first_draw: int = 0) -> Tensor:
    """64 random bits for each (sample, draw), as int64, shape (B, num_draws); SplitMix64 as a counter-based hash."""
    streams = _mix(ids * _signed(_GOLDEN) + _signed(key))
    draws = torch.arange(first_draw + 1, first_draw + num_draws + 1, dtype=torch.int64, device=ids.device)
    return _mix(streams[:, None] + draws * _signed(_GOLDEN))


class BatchRandom:
    """The random numbers of one transform for the samples of one batch; each call draws new ones.

    ``ids`` are the samples' numbers (int64, shape (B,)). The numbers of a sample depend on the seed, the epoch, the
    stream's name, its number and on how many were drawn before, never on the rest of the batch.
    """

    def __init__(self, key: int, ids: Tensor) -> None:
        self.key = key
        self.ids = ids
        self._calls = 0

    def _next_key(self) -> int:
        self._calls += 1
        return stream_key(self.key, self._calls)

    def uniform(self, *shape: int) -> Tensor:
        """Uniform in [0, 1), shape (B, *shape)."""
        return uniforms(self._next_key(), self.ids, math.prod(shape)).reshape(len(self.ids), *shape)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal, shape (B, *shape)."""
        return normals(self._next_key(), self.ids, math.prod(shape)).reshape(len(self.ids), *shape)

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Integers in low..high-1, int64, shape (B, *shape); fair to within 2**-40 for small ranges."""
        bits = words(self._next_key(), self.ids, math.prod(shape)).reshape(len(self.ids), *shape)
        return ((bits >> 8) & ((1 << 55) - 1)) % (high - low) + low


States = tuple[Any, ...]


def global_states() -> States:
    """The states of Python's, numpy's and torch's global CPU generators."""
    return tuple(generator.state() for generator in GLOBALS)


def moved_since(states: States) -> list[GlobalGenerator]:
    """The generators that are not as they were."""
    return [g for g, state in zip(GLOBALS, states, strict=True) if not g.same(state, g.state())]


def restore_states(states: States) -> None:
    """Put the global CPU generators back."""
    for generator, state in zip(GLOBALS, states, strict=True):
        generator.restore(state)


@contextmanager
def one_thread() -> Iterator[None]:
    """Read on one thread: workers have one, and the number of threads can change the last bit of a sum."""
    num_threads = torch.get_num_threads()
    if num_threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)


@contextmanager
def kept_globals() -> Iterator[None]:
    """Put the global CPU generators back afterwards, and read on one thread meanwhile."""
    states = global_states()
    try:
        with one_thread():
            yield
    finally:
        restore_states(states)


def _signed(word: int) -> int:
    """A 64-bit word as the int64 with the same bits (torch multiplies and adds modulo 2**64)."""
    word &= (1 << 64) - 1
    return word - (1 << 64) if word >> 63 else word


def _mix(x: Tensor) -> Tensor:
    x = (x ^ ((x >> 30) & ((1 << 34) - 1))) * _signed(_MULTIPLIER_1)
    x = (x ^ ((x >> 27) & ((1 << 37) - 1))) * _signed(_MULTIPLIER_2)
    return x ^ ((x >> 31) & ((1 << 33) - 1))
