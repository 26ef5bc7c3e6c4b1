"""Sample order: a keyed permutation of 0..n-1 that can be evaluated at any position.

A balanced Feistel network permutes the smallest domain 2**bits (bits even) that holds n; a result outside 0..n-1 is
sent through again until it falls inside (cycle-walking; Black and Rogaway, "Ciphers with arbitrary finite domains",
2002), which keeps it a permutation. Only integer operations modulo 2**64 are used, so the values are the same on
every machine and in every version; golden vectors in the tests hold them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from seedbed.seeding import stream_key

Indices = npt.NDArray[np.int64]

_TABLE_BITS = 12
_WORD = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_MULTIPLIER_1 = 0xBF58476D1CE4E5B9
_MULTIPLIER_2 = 0x94D049BB133111EB


def order_key(seed: int, epoch: int) -> int:
    """Key of the order of one epoch."""
    return stream_key(seed, "order", epoch)


def permute(positions: Indices, n: int, key: int) -> Indices:
    """Where the permutation of 0..n-1 under ``key`` sends ``positions``.

    Args:
        positions: int64 array, shape (m,), each in 0..n-1.
        n: Size of the permuted set.
        key: 64-bit key; see ``order_key``.
    """
    bits = num_bits(n)
    return walk(np.asarray(positions, dtype=np.int64), n, lambda words: feistel(words, bits, key))


def permutation(n: int, key: int) -> Indices:
    """The whole permutation as a table; the same values as ``permute(arange(n), n, key)``, several times faster."""
    bits = num_bits(n)
    domain = feistel(np.arange(1 << bits, dtype=np.int64), bits, key)
    return walk(np.arange(n, dtype=np.int64), n, domain.take)


def num_bits(n: int) -> int:
    """Bits of the Feistel domain for n: even, at least 2."""
    if n < 1:
        raise ValueError(f"a permutation needs at least one element, n is {n}")
    bits = max((n - 1).bit_length(), 2)
    return bits + bits % 2


def num_rounds(half: int) -> int:
    """Rounds of the network: halves of a few bits mix slowly, so small sets get more."""
    return 24 if half <= 4 else 8


def walk(words: Indices, n: int, step: Callable[[Indices], Indices]) -> Indices:
    """Apply the permutation ``step`` until each word is below n, at least once."""
    result = step(words)
    (outside,) = np.nonzero(result >= n)
    while len(outside):
        again = step(result[outside])
        result[outside] = again
        outside = outside[again >= n]
    return result


def feistel(words: Indices, bits: int, key: int) -> Indices:
    """A permutation of 0..2**bits-1 under ``key``, at each of ``words``."""
    half = bits // 2
    left, right = words >> half, words & ((1 << half) - 1)
    if half <= _TABLE_BITS:
        for table in _round_tables(half, key):
            left, right = right, left ^ table.take(right)
    else:
        for number in range(num_rounds(half)):
            left, right = right, left ^ _rounds(right, np.asarray(number), half, key)
    return (left << half) | right


@functools.lru_cache(maxsize=4)
def _round_tables(half: int, key: int) -> Indices:
    """The round function as a table, shape (rounds, 2**half): all rounds in one go."""
    right = np.arange(1 << half, dtype=np.int64)
    return _rounds(right, np.arange(num_rounds(half))[:, None], half, key)


def _rounds(right: Indices, numbers: Indices, half: int, key: int) -> Indices:
    """The round function: ``half`` bits of SplitMix64's output at position ``right`` of each round's own stream."""
    starts = [_mix_int(key + _GOLDEN * (number + 1)) for number in numbers.ravel().tolist()]
    words = right.astype(np.uint64) * np.uint64(_GOLDEN) + np.asarray(starts, dtype=np.uint64).reshape(numbers.shape)
    words ^= words >> np.uint64(30)
    words *= np.uint64(_MULTIPLIER_1)
    words ^= words >> np.uint64(27)
    words *= np.uint64(_MULTIPLIER_2)
    words ^= words >> np.uint64(31)
    return (words >> np.uint64(64 - half)).astype(np.int64)


def _mix_int(word: int) -> int:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): a bijection of 64-bit words that spreads every bit."""
    word &= _WORD
    word = ((word ^ (word >> 30)) * _MULTIPLIER_1) & _WORD
    word = ((word ^ (word >> 27)) * _MULTIPLIER_2) & _WORD
    return word ^ (word >> 31)
