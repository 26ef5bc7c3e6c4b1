"""What is best, and when to stop."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.errors import ConfigError
from seedbed.monitor import Monitor, make_monitor
from seedbed.state import Progress

KEYS = ["loss", "val_loss", "val_accuracy"]


@given(st.lists(st.floats(-100, 100), min_size=1), st.booleans())
def test_the_best_is_the_last_of_the_extreme_values(values: list[float], maximise: bool) -> None:
    monitor, progress = Monitor("x", maximise), Progress()
    for step, value in enumerate(values, start=1):
        monitor.observe(progress, {"x": value}, step, step)
    best = max(values) if maximise else min(values)
    assert progress.best == best
    assert progress.best_step == len(values) - values[::-1].index(best)
    assert progress.epochs_without_improvement == len(values) - progress.best_step


def test_nan_is_never_an_improvement() -> None:
    monitor, progress = Monitor("x", maximise=False), Progress()
    assert not monitor.observe(progress, {"x": math.nan}, 1, 1)
    assert progress.best is None
    assert monitor.observe(progress, {"x": 1.0}, 2, 2)
    assert not monitor.observe(progress, {"x": math.nan}, 3, 3)


def test_patience_is_how_many_evaluations_without_improvement_are_let_pass() -> None:
    monitor, progress = Monitor("x", maximise=True, early_stop=2), Progress()
    stops = []
    for step, value in enumerate([1.0, 0.5, 0.5, 0.5], start=1):
        monitor.observe(progress, {"x": value}, step, step)
        stops.append(monitor.should_stop(progress))
    assert stops == [False, False, False, True]


def test_auto_is_the_validation_loss_where_there_is_one() -> None:
    assert str(make_monitor("auto", KEYS, None)) == "min val_loss"
    assert str(make_monitor("auto", ["loss"], None)) == "min loss"
    assert make_monitor("off", KEYS, None) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [("max val_acuracy", "did you mean 'val_accuracy'"), ("max accuracy", "did you mean 'val_accuracy'")],
)
def test_an_unknown_key_is_refused_with_the_nearest(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_monitor(text, KEYS, None)
