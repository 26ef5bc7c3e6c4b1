"""The schedule that waits for a metric, against torch's."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.lr_scheduler import ReduceLROnPlateau

from seedbed.errors import ConfigError
from seedbed.optim.plateau import Plateau


def optimizer() -> torch.optim.SGD:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)


values = st.lists(st.floats(-10, 10).map(lambda x: round(x, 1)) | st.just(float("nan")), max_size=40)


@given(
    values=values,
    mode=st.sampled_from(["min", "max"]),
    threshold_mode=st.sampled_from(["rel", "abs"]),
    patience=st.integers(0, 3),
    cooldown=st.integers(0, 3),
    min_lr=st.sampled_from([0.0, 0.2]),
)
def test_the_rates_are_those_of_torch(values: list[float], **options: Any) -> None:
    ours, theirs = optimizer(), optimizer()
    schedule = Plateau(ours, factor=0.5, threshold=0.01, **options)
    reference = ReduceLROnPlateau(theirs, factor=0.5, threshold=0.01, **options)
    for epoch, value in enumerate(values):
        schedule.apply(epoch)
        schedule.observe(epoch, {"val_loss": value})
        reference.step(value)
        assert ours.param_groups[0]["lr"] == theirs.param_groups[0]["lr"]


@given(values=values, cut=st.integers(0, 40))
def test_saved_and_loaded_it_goes_on_as_if_nothing_had_happened(values: list[float], cut: int) -> None:
    whole, halves = optimizer(), optimizer()
    one, two = Plateau(whole, patience=1), Plateau(halves, patience=1)
    for epoch, value in enumerate(values):
        if epoch == cut:
            state = json.loads(json.dumps(two.state_dict(), allow_nan=False))
            halves = optimizer()
            two = Plateau(halves, patience=1)
            two.load_state_dict(state)
        one.observe(epoch, {"val_loss": value})
        two.observe(epoch, {"val_loss": value})
    assert whole.param_groups[0]["lr"] == halves.param_groups[0]["lr"]
    assert one.state_dict() == two.state_dict()


def test_an_epoch_without_an_evaluation_does_not_count() -> None:
    schedule = Plateau(optimizer(), metric="val_loss", patience=0)
    schedule.observe(1, {"loss": 3.0})
    schedule.observe(2, {"loss": 3.0})
    assert (schedule.best, schedule.bad) == (None, 0)


def test_without_validation_it_waits_for_the_training_loss() -> None:
    ours = optimizer()
    schedule = Plateau(ours, patience=0)
    for epoch in range(3):
        schedule.observe(epoch, {"loss": 3.0})
    assert ours.param_groups[0]["lr"] == pytest.approx(0.005)


def test_it_waits_for_the_validation_loss_from_the_first_evaluation_on() -> None:
    ours = optimizer()
    schedule = Plateau(ours, patience=0)
    schedule.observe(1, {"loss": 1.0})
    schedule.observe(2, {"loss": 1.0, "val_loss": 5.0})
    schedule.observe(3, {"loss": 1.0})
    assert (schedule.best, ours.param_groups[0]["lr"]) == (5.0, 0.5)
    schedule.observe(4, {"loss": 1.0, "val_loss": 4.0})
    assert (schedule.best, schedule.bad) == (4.0, 0)


def test_a_metric_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ConfigError, match="waits for 'val_acc', but the evaluation gives val_loss, val_accuracy"):
        Plateau(optimizer(), metric="val_acc").observe(1, {"val_loss": 1.0, "val_accuracy": 0.5})


@pytest.mark.parametrize("options", [{"mode": "up"}, {"factor": 1.0}, {"threshold_mode": "x"}])
def test_a_mistake_is_one_clear_sentence(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="schedule plateau"):
        Plateau(optimizer(), **options)
