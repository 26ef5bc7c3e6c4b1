"""The interval of a median holds it as often as it says, whatever the distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from seedbed.bench.spread import spread_of, sureness


@pytest.mark.parametrize(("n", "low", "high"), [(6, 1, 6), (8, 1, 8), (9, 2, 8), (12, 3, 10), (20, 6, 15), (25, 8, 18)])
def test_the_ranks_are_those_of_the_published_tables(n: int, low: int, high: int) -> None:
    found = spread_of(list(range(1, n + 1)))
    assert (found.low, found.high) == (low, high)
    assert found.confidence >= 0.95


@given(st.integers(1, 60), st.integers(1, 30))
def test_the_confidence_is_that_of_the_sign_test(n: int, k: int) -> None:
    assert sureness(n, k) == pytest.approx(max(0.0, 1 - 2 * float(binom.cdf(k - 1, n, 0.5))))


def test_a_skewed_distributions_median_is_inside_as_often_as_promised() -> None:
    draws = np.random.default_rng(0).exponential(size=(4000, 11))
    found = [spread_of(row.tolist()) for row in draws]
    share = np.mean([one.low <= np.log(2) <= one.high for one in found])
    assert abs(share - found[0].confidence) < 0.01


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_the_median_lies_in_its_interval(values: list[float]) -> None:
    found = spread_of(values)
    assert min(values) <= found.low <= found.middle <= found.high <= max(values)


def test_few_numbers_say_nothing() -> None:
    assert spread_of([5.0, 5.1, 5.2]).is_noise
    assert not spread_of([5.0] * 6).is_noise
    assert spread_of([-1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, -2.0]).is_noise
    with pytest.raises(ValueError, match="at least one"):
        spread_of([])
