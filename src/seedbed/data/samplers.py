"""Samplers: which samples make up an epoch, and in which order.

Each is a pure function of (seed, epoch, position): ``indices(epoch, start, stop)`` gives the sample positions (in
0..n-1 of the split) at the places start..stop-1 of the epoch. Nothing is remembered between calls but tables that
can be computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from seedbed.data.order import Indices, order_key, permutation, permute
from seedbed.errors import ConfigError, DataError
from seedbed.seeding import numpy_generator, stream_key

TABLE_LIMIT = 4_000_000
_MASK = (1 << 64) - 1


class Sampler(Protocol):
    """The order of an epoch of ``num_samples`` places."""

    num_samples: int

    def indices(self, epoch: int, start: int, stop: int) -> Indices:
        """Sample positions at the places ``start``..``stop - 1`` of epoch ``epoch``."""
        ...


class Sequential:
    """0, 1, 2, …: the same in every epoch."""

    def __init__(self, n: int) -> None:
        self.num_samples = n

    def indices(self, epoch: int, start: int, stop: int) -> Indices:
        return np.arange(start, min(stop, self.num_samples), dtype=np.int64)


class _Table:
    """An epoch's order as a table, computed when an epoch is first asked for and kept until another one is."""

    def __init__(self, compute: Callable[[int], Indices]) -> None:
        self._compute = compute
        self._epoch: int | None = None
        self._table: Indices = np.empty(0, dtype=np.int64)

    def of(self, epoch: int) -> Indices:
        if epoch != self._epoch:
            self._table, self._epoch = self._compute(epoch), epoch
        return self._table


class Shuffled:
    """Every sample once an epoch, in a keyed random order; O(batch) memory for large sets."""

    def __init__(self, n: int, *, seed: int) -> None:
        self.num_samples = n
        self.seed = seed
        self._table = _Table(lambda epoch: permutation(n, order_key(seed, epoch)))

    def indices(self, epoch: int, start: int, stop: int) -> Indices:
        stop = min(stop, self.num_samples)
        if self.num_samples <= TABLE_LIMIT:
            return self._table.of(epoch)[start:stop]
        return permute(np.arange(start, stop, dtype=np.int64), self.num_samples, order_key(self.seed, epoch))


class Weighted:
    """Samples drawn with replacement, each with probability proportional to its weight.

    Args:
        weights: One non-negative weight per sample, shape (n,).
        seed: Root seed.
        num_samples: Draws per epoch; n if absent.
    """

    def __init__(self, weights: npt.ArrayLike, *, seed: int, num_samples: int | None = None) -> None:
        array = np.asarray(weights, dtype=np.float64)
        if array.ndim != 1 or not len(array) or not np.isfinite(array).all() or (array < 0).any() or not array.sum():
            raise ConfigError(
                f"sampling weights must be finite, not negative, not all zero, one per sample; got shape {array.shape}"
            )
        self.num_samples = len(array) if num_samples is None else num_samples
        self.seed = seed
        self._edges = np.cumsum(array / array.sum())
        self._last = int(np.flatnonzero(array)[-1])
        self._table = _Table(self._draw)

    def _draw(self, epoch: int) -> Indices:
        places = uniform_array(stream_key(self.seed, "weighted", epoch), self.num_samples)
        return np.minimum(np.searchsorted(self._edges, places, side="right"), self._last).astype(np.int64)

    def indices(self, epoch: int, start: int, stop: int) -> Indices:
        return self._table.of(epoch)[start:stop]


def class_balanced(labels: npt.ArrayLike, *, seed: int, num_samples: int | None = None) -> Weighted:
    """A weighted sampler under which every class is equally likely.

    Args:
        labels: The class of each sample, shape (n,).
        seed: Root seed.
        num_samples: Draws per epoch; n if absent.
    """
    _, classes, counts = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    return Weighted(1.0 / counts[classes], seed=seed, num_samples=num_samples)


class LengthBucketed:
    """Every sample once an epoch, in batches of similar length; the batches come in random order.

    Samples are sorted by length with ties broken by a keyed shuffle, cut into batches, and the batches shuffled. The
    short batch, if there is one, holds the longest samples and comes last.
    """

    def __init__(self, lengths: npt.ArrayLike, *, batch_size: int, seed: int) -> None:
        self.lengths = np.asarray(lengths)
        self.num_samples = len(self.lengths)
        self.batch_size, self.seed = batch_size, seed
        self._table = _Table(self._order)

    def _order(self, epoch: int) -> Indices:
        key = stream_key(self.seed, "bucketed", epoch)
        shuffled = permutation(self.num_samples, key)
        ordered = shuffled[np.argsort(self.lengths[shuffled], kind="stable")]
        num_full = self.num_samples // self.batch_size
        if num_full < 2:
            return ordered
        full, rest = np.split(ordered, [num_full * self.batch_size])
        batches = full.reshape(num_full, self.batch_size)[permutation(num_full, stream_key(key, "batches"))]
        return np.concatenate([batches.ravel(), rest])

    def indices(self, epoch: int, start: int, stop: int) -> Indices:
        return self._table.of(epoch)[start:stop]


class Custom:
    """An order given by a function ``(epoch, n, rng) -> indices``; ``rng`` is a numpy Generator keyed by the epoch.

    The function must return equally many indices for every epoch; they may repeat or leave samples out.
    """

    def __init__(self, function: Callable[[int, int, np.random.Generator], Any], n: int, *, seed: int) -> None:
        self._function, self._n, self.seed = function, n, seed
        self._table = _Table(self._call)
        self.num_samples = -1
        self.num_samples = len(self._table.of(0))

    def _call(self, epoch: int) -> Indices:
        name = getattr(self._function, "__name__", repr(self._function))
        raw = self._function(epoch, self._n, numpy_generator(self.seed, "custom order", epoch))
        order = np.asarray(raw)
        if order.ndim != 1 or not np.issubdtype(order.dtype, np.integer):
            raise DataError(f"sampler {name} must return a list of sample numbers; got {order.dtype} {order.shape}")
        if len(order) and (order.min() < 0 or order.max() >= self._n):
            raise DataError(f"sampler {name} returned {order.min()}..{order.max()}, but samples are 0..{self._n - 1}")
        if self.num_samples not in (-1, len(order)):
            raise DataError(
                f"sampler {name} returned {len(order)} indices for epoch {epoch} and {self.num_samples} for epoch 0; "
                "every epoch must have equally many"
            )
        return order.astype(np.int64)

    def indices(self, epoch: int, start: int, stop: int) -> Indices:
        return self._table.of(epoch)[start:stop]


class Listed:
    """Batches given as lists by a function of the epoch, such as a torch batch sampler run under a keyed seed.

    Args:
        batches: ``epoch -> list of batches``, each a list of sample positions; equally many batches in every epoch.
        n: Number of samples.
    """

    def __init__(self, batches: Callable[[int], Sequence[Sequence[int]]], n: int) -> None:
        self._function, self._n = batches, n
        self._epoch: int | None = None
        self._batches: list[Indices] = []
        self.num_batches = -1
        self.num_batches = len(self.batches(0))

    def batches(self, epoch: int) -> list[Indices]:
        """The batches of one epoch."""
        if epoch == self._epoch:
            return self._batches
        batches = [np.asarray(list(batch), dtype=np.int64) for batch in self._function(epoch)]
        for number, batch in enumerate(batches):
            if not len(batch) or batch.min() < 0 or batch.max() >= self._n:
                raise DataError(
                    f"the batch sampler's batch {number} of epoch {epoch} is {batch.tolist()[:8]}, but it must hold "
                    f"samples 0..{self._n - 1}"
                )
        if self.num_batches not in (-1, len(batches)):
            raise DataError(
                f"the batch sampler gave {len(batches)} batches in epoch {epoch} and {self.num_batches} in epoch 0; "
                "every epoch must have equally many"
            )
        self._batches, self._epoch = batches, epoch
        return batches


def uniform_array(key: int, n: int) -> npt.NDArray[np.float64]:
    """n uniform numbers in [0, 1) with 53 random bits under ``key``: SplitMix64 at the counters 1..n."""
    words = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    words += np.uint64(key & _MASK)
    words ^= words >> np.uint64(30)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
