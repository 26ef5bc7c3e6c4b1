"""Medians and how sure they are: an interval from order statistics alone, whatever the noise looks like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """The median of ``n`` numbers; it lies between ``low`` and ``high`` with probability ``confidence``."""

    n: int
    middle: float
    low: float
    high: float
    confidence: float

    @property
    def is_noise(self) -> bool:
        """Whether the median may as well be 0: the interval holds 0, or there are too few numbers to say."""
        return self.low <= 0 <= self.high or self.confidence < 0.9

    def to_json(self) -> dict[str, float]:
        """As plain data."""
        return asdict(self)


def spread_of(values: Sequence[float], confidence: float = 0.95) -> Spread:
    """The median and its distribution-free interval, the one that the sign test gives.

    Between the k-th smallest and the k-th largest of n independent numbers lies their distribution's median with
    probability 1 - 2 P(Binomial(n, 1/2) < k) (Conover, "Practical nonparametric statistics", 1999, section 3.2). With
    fewer than 6 numbers even the smallest and the largest give less than 95 %; then they are the interval, and
    ``confidence`` says what it is worth.

    Raises:
        ValueError: There are no values.
    """
    ordered, n = sorted(values), len(values)
    if n == 0:
        raise ValueError("a median needs at least one value")
    k = 1
    while k < (n + 1) // 2 and sureness(n, k + 1) >= confidence:
        k += 1
    return Spread(n, float(median(ordered)), ordered[k - 1], ordered[n - k], sureness(n, k))


def sureness(n: int, k: int) -> float:
    """The probability that a median lies between the k-th smallest and the k-th largest of n numbers."""
    outside = sum(math.comb(n, i) for i in range(k))
    return max(0.0, 1 - 2 * outside / float(2**n))
