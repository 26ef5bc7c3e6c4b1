"""When to show something next, and when the run will be done."""

from __future__ import annotations

from typing import Any

import pytest

from seedbed.tracking.pace import Pace


def test_a_slow_showing_makes_the_next_one_rarer(clock: Any) -> None:
    pace = Pace(0.1, clock)
    clock.now = 1.0
    pace.shown(began=1.0)
    assert pace.due == pytest.approx(1.1)
    clock.now = 2.0
    pace.shown(began=1.98)  # 0.02 s of work may come every second
    assert pace.due == pytest.approx(3.0)
    pace.shown(began=1.0)  # but a person must see that something goes on
    assert pace.due == pytest.approx(4.0)


def test_throughput_is_smoothed_and_leaves_out_a_pause(clock: Any) -> None:
    pace = Pace(0.1, clock)
    assert not pace.begun
    pace.begin(0)
    assert pace.begun
    assert pace.throughput() is None
    clock.now, pace.samples = 2.0, 200
    assert pace.throughput() == pytest.approx(100)
    clock.now, pace.samples = 3.0, 400
    assert pace.throughput() == pytest.approx(0.7 * 100 + 0.3 * 200)
    pace.pause()
    clock.now = 99.0
    assert pace.throughput() == pytest.approx(130)
    pace.pause(speed=500.0)
    assert pace.throughput() == 500


def test_a_moment_is_too_short_to_measure_throughput(clock: Any) -> None:
    pace = Pace(0.1, clock)
    pace.begin(0)
    clock.now = 0.001
    assert pace.throughput() is None
    clock.now = 5.0  # nothing was trained in the meantime
    assert pace.throughput() is None


def test_the_time_to_go_counts_from_where_this_process_began(clock: Any) -> None:
    pace = Pace(0.1, clock)
    assert pace.remaining(5, 100) is None
    pace.begin(50)
    assert pace.remaining(50, 100) is None
    clock.now = 10.0
    assert pace.remaining(60, 100) == pytest.approx(40)
    assert pace.remaining(60, None) is None
