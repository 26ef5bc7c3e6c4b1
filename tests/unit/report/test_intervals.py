"""Estimates against scipy's t distribution."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.report.intervals import compare_pairs, estimate, incomplete_beta, t_cdf, t_quantile, two_sided_p

stats = pytest.importorskip("scipy.stats")
special = pytest.importorskip("scipy.special")

PARAMETERS = st.floats(0.05, 2000)


@given(PARAMETERS, PARAMETERS, st.floats(0, 1))
def test_the_incomplete_beta_function_is_scipy_s(a: float, b: float, x: float) -> None:
    assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-8, abs=1e-11)


@given(st.floats(-50, 50), st.integers(1, 500))
def test_the_distribution_function_is_scipy_s(t: float, degrees: int) -> None:
    assert t_cdf(t, degrees) == pytest.approx(stats.t.cdf(t, degrees), rel=1e-8, abs=1e-11)
    assert two_sided_p(t, degrees) == pytest.approx(2 * stats.t.sf(abs(t), degrees), rel=1e-8, abs=1e-11)


@given(st.floats(0.0005, 0.9995), st.integers(1, 500))
def test_the_quantile_is_scipy_s(p: float, degrees: int) -> None:
    assert t_quantile(p, degrees) == pytest.approx(stats.t.ppf(p, degrees), rel=1e-7, abs=1e-9)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30))
def test_the_interval_of_the_mean_is_scipy_s(values: list[float]) -> None:
    found = estimate(values)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.mean <= found.high
    error = stats.sem(values)
    if error > 1e-6:
        low, high = stats.t.interval(0.95, len(values) - 1, loc=found.mean, scale=error)
        assert (found.low, found.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


def test_a_paired_comparison_is_scipy_s_paired_t_test() -> None:
    a, b = [0.91, 0.93, 0.90, 0.95, 0.92], [0.92, 0.95, 0.90, 0.96, 0.91]
    found = compare_pairs(a, b)
    expected = stats.ttest_rel(b, a)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    interval = expected.confidence_interval(0.95)
    assert (found.difference.low, found.difference.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert (found.larger, found.equal) == (3, 1)


def test_one_value_has_no_spread_and_none_is_an_error() -> None:
    assert estimate([2.0]).std is None
    assert compare_pairs([1.0], [2.0]).p_value is None
    assert compare_pairs([1.0, 2.0], [1.0, 2.0]).p_value == 1.0
    assert compare_pairs([1.0, 2.0], [2.0, 3.0]).p_value == 0.0
    with pytest.raises(ValueError, match="at least one value"):
        estimate([])
    with pytest.raises(ValueError, match="between 0 and 1"):
        t_quantile(1.0, 3)
    assert math.isclose(t_quantile(0.5, 3), 0.0)
