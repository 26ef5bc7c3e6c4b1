"""Mean, spread and confidence intervals of a few numbers, from Student's t distribution. No torch, no scipy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """Mean of ``n`` numbers, their standard deviation (ddof 1) and the interval of the mean; None where n is 1."""

    n: int
    mean: float
    std: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Comparison:
    """Paired differences: their estimate, the two-sided p-value that they are 0, and in how many pairs b is larger."""

    difference: Estimate
    p_value: float | None
    larger: int
    equal: int


def estimate(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Mean, standard deviation and t-interval.

    Raises:
        ValueError: There are no values.
    """
    n = len(values)
    if n == 0:
        raise ValueError("an estimate needs at least one value")
    mean = math.fsum(values) / n
    if n == 1:
        return Estimate(1, mean, None, None, None)
    std = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = t_quantile(0.5 + confidence / 2, n - 1) * std / math.sqrt(n)
    return Estimate(n, mean, std, mean - half, mean + half)


def compare_pairs(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Comparison:
    """How ``b`` differs from ``a``, pair by pair (a paired t-test)."""
    differences = [y - x for x, y in zip(a, b, strict=True)]
    found = estimate(differences, confidence)
    p_value = None
    if found.std is not None:
        if found.std == 0:
            p_value = 1.0 if found.mean == 0 else 0.0
        else:
            t = found.mean / (found.std / math.sqrt(found.n))
            p_value = two_sided_p(t, found.n - 1)
    return Comparison(found, p_value, sum(d > 0 for d in differences), sum(d == 0 for d in differences))


def two_sided_p(t: float, degrees: float) -> float:
    """Probability of a value at least as far from 0 as ``t`` under Student's t distribution."""
    near = t * t / (degrees + t * t)
    if near < 0.5:  # 1 - near would lose the digits of a small t
        return 1 - incomplete_beta(0.5, degrees / 2, near)
    return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t))


def t_cdf(t: float, degrees: float) -> float:
    """Student's t distribution function."""
    tail = two_sided_p(t, degrees) / 2
    return 1 - tail if t > 0 else tail


def t_quantile(p: float, degrees: float) -> float:
    """The value below which Student's t lies with probability ``p`` in (0, 1); by bisection.

    Raises:
        ValueError: ``p`` is not in (0, 1).
    """
    if not 0 < p < 1:
        raise ValueError(f"p is {p}; it must lie between 0 and 1")
    if p < 0.5:
        return -t_quantile(1 - p, degrees)
    if p == 0.5:
        return 0.0
    tail = 2 * (1 - p)
    low, high = 0.0, 1.0
    while two_sided_p(high, degrees) > tail:
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if two_sided_p(middle, degrees) > tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    # the fraction converges fast on this side only; the other is its mirror image
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    log_front = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(log_front) / a * continued_fraction(a, b, x)


def continued_fraction(a: float, b: float, x: float) -> float:
    """1/(1 + d1/(1 + d2/(1 + …))) of the incomplete beta function, evaluated from the front (Lentz's method)."""
    tiny = 1e-300
    value, c, d = 1.0, 1.0, 0.0
    for number in range(1, 2000):
        m = number // 2
        if number % 2 == 0:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / (1 + term * d or tiny)
        c = 1 + term / c or tiny
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return 1 / value
