"""The benchmark of what the doctor costs a script."""

from __future__ import annotations

import pytest

from seedbed.bench.observed import measure, step_times


def test_steps_are_told_apart_by_how_closely_they_were_watched() -> None:
    times = step_times([4.0, 2.0, 3.0, 1.0, 1.0, 7.0], watched=3)
    assert times == pytest.approx({"watched_mean": 3, "watched_median": 3, "after_mean": 3, "after_median": 1})


def test_a_script_is_run_plain_and_observed_with_the_same_losses() -> None:
    found = measure(rounds=1, watched=20, after=20)
    assert found["steps"] == {"watched": 20, "after": 20}
    assert set(found["ratios"]) == {"watched_mean", "watched_median", "after_mean", "after_median"}
    assert all(value > 0 for value in found["ratios"].values())
