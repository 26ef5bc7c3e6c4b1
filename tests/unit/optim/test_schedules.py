"""The schedules, each against torch's own where torch has it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from seedbed.errors import ConfigError
from seedbed.optim import schedules
from seedbed.optim.schedules import Factor, FactorSchedule, curve

TOTAL, EPOCH, RATE = 60, 6, 0.3
Make = Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler]


def optimizer(rate: float = RATE) -> torch.optim.SGD:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)


def rates_of_torch(make: Make, count: int) -> list[float]:
    """The rate for each update (or epoch) under torch's scheduler, stepped after each."""
    ours = optimizer()
    scheduler, rates = make(ours), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(count):
            rates.append(float(ours.param_groups[0]["lr"]))
            scheduler.step()
    return rates


def rates_of_ours(factor: Factor, steps: range) -> list[float]:
    ours = optimizer()
    schedule, rates = FactorSchedule(ours, factor), []
    for step in steps:
        schedule.apply(step)
        rates.append(ours.param_groups[0]["lr"])
    return rates


PER_STEP: list[tuple[Factor, Make]] = [
    (schedules.constant(TOTAL, EPOCH), lambda o: lr_scheduler.ConstantLR(o, 1.0)),
    (
        schedules.constant(TOTAL, EPOCH, warmup_steps=10),
        lambda o: lr_scheduler.LinearLR(o, start_factor=1 / 11, total_iters=10),
    ),
    (
        schedules.linear(TOTAL, EPOCH, start=0.2, end=0.9, length=40),
        lambda o: lr_scheduler.LinearLR(o, start_factor=0.2, end_factor=0.9, total_iters=40),
    ),
    (
        schedules.step(TOTAL, EPOCH, step_size=7, gamma=0.5, interval="step"),
        lambda o: lr_scheduler.StepLR(o, 7, 0.5),
    ),
    (
        schedules.multistep(TOTAL, EPOCH, milestones=[30, 10, 45], interval="step"),
        lambda o: lr_scheduler.MultiStepLR(o, [10, 30, 45]),
    ),
    (
        schedules.exponential(TOTAL, EPOCH, gamma=0.95, interval="step"),
        lambda o: lr_scheduler.ExponentialLR(o, 0.95),
    ),
    (
        schedules.cosine(TOTAL, EPOCH, min_factor=0.1),
        lambda o: lr_scheduler.CosineAnnealingLR(o, TOTAL, eta_min=0.1 * RATE),
    ),
    (
        schedules.cosine(TOTAL, EPOCH, warmup_steps=12, warmup_start=0.25),
        lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.LinearLR(o, 0.25, 1.0, 12), lr_scheduler.CosineAnnealingLR(o, TOTAL - 12)], [12]
        ),
    ),
    (
        schedules.warm_restarts(TOTAL, EPOCH, first=8, multiply=2, min_factor=0.1, interval="step"),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 8, 2, eta_min=0.1 * RATE),
    ),
    (
        schedules.warm_restarts(TOTAL, EPOCH, first=7, interval="step"),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 7),
    ),
    (
        schedules.one_cycle(TOTAL, EPOCH),
        lambda o: lr_scheduler.OneCycleLR(o, RATE, total_steps=TOTAL, cycle_momentum=False),
    ),
    (
        schedules.one_cycle(TOTAL, EPOCH, warmup_share=0.45, start_factor=0.1, end_factor=0.01, anneal="linear"),
        lambda o: lr_scheduler.OneCycleLR(
            o, RATE, total_steps=TOTAL, pct_start=0.45, anneal_strategy="linear", cycle_momentum=False,
            div_factor=10, final_div_factor=10,
        ),
    ),
    (schedules.polynomial(TOTAL, EPOCH, power=2.0), lambda o: lr_scheduler.PolynomialLR(o, TOTAL, 2.0)),
]  # fmt: skip


@pytest.mark.parametrize(("factor", "make"), PER_STEP)
def test_each_update_has_the_rate_that_torch_gives_it(factor: Factor, make: Make) -> None:
    assert rates_of_ours(factor, range(TOTAL)) == pytest.approx(rates_of_torch(make, TOTAL), rel=1e-9, abs=1e-12)


PER_EPOCH: list[tuple[Factor, Make]] = [
    (schedules.step(TOTAL, EPOCH, step_size=3), lambda o: lr_scheduler.StepLR(o, 3)),
    (schedules.multistep(TOTAL, EPOCH, milestones=[2, 5]), lambda o: lr_scheduler.MultiStepLR(o, [2, 5])),
    (schedules.exponential(TOTAL, EPOCH, gamma=0.9), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    (
        schedules.warm_restarts(TOTAL, EPOCH, first=3, multiply=2),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3, 2),
    ),
]


@pytest.mark.parametrize(("factor", "make"), PER_EPOCH)
def test_each_epoch_starts_with_the_rate_that_torch_gives_it(factor: Factor, make: Make) -> None:
    expected = rates_of_torch(make, TOTAL // EPOCH)
    assert rates_of_ours(factor, range(0, TOTAL, EPOCH)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_staircase_is_level_within_an_epoch() -> None:
    factor = schedules.exponential(TOTAL, EPOCH, gamma=0.5)
    assert {factor(step) for step in range(EPOCH)} == {1.0}
    assert factor(EPOCH) == 0.5


def test_warm_up_from_zero_is_the_well_known_cosine_with_warm_up() -> None:
    factor = schedules.cosine(1000, 10, warmup_steps=500, warmup_start=0)

    def reference(step: int) -> float:
        if step < 500:
            return step / 500
        return max(0.0, 0.5 * (1 + math.cos(math.pi * 0.5 * 2 * (step - 500) / 500)))

    assert curve(factor, 1000) == pytest.approx([reference(step) for step in range(1000)], abs=1e-12)


def test_warm_up_in_epochs_is_warm_up_in_steps() -> None:
    epochs, steps = (schedules.cosine(TOTAL, EPOCH, warmup_epochs=1.5), schedules.cosine(TOTAL, EPOCH, warmup_steps=9))
    assert curve(epochs, TOTAL) == curve(steps, TOTAL)


def test_length_in_epochs_is_length_in_steps() -> None:
    epochs = schedules.polynomial(None, EPOCH, length=5, interval="epoch")
    assert curve(epochs, TOTAL) == curve(schedules.polynomial(None, EPOCH, length=30), TOTAL)


@pytest.mark.parametrize("shape", ["linear", "sqrt", "cosine"])
def test_wsd_warms_up_stays_and_decays_at_the_end(shape: Any) -> None:
    values = curve(schedules.wsd(100, 10, warmup_steps=10, decay_share=0.3, min_factor=0.1, shape=shape), 101)
    assert values[:11] == sorted(values[:11])
    assert set(values[10:71]) == {1.0}
    assert values[70:] == sorted(values[70:], reverse=True)
    assert values[100] == pytest.approx(0.1)


@given(
    name=st.sampled_from(["cosine", "polynomial", "wsd", "one_cycle", "linear"]),
    total=st.integers(1, 300),
    warmup=st.integers(0, 50),
    step=st.integers(0, 400),
)
def test_a_factor_is_finite_and_between_zero_and_one(name: str, total: int, warmup: int, step: int) -> None:
    args = {"warmup_steps": warmup} if name in ("cosine", "polynomial", "wsd") else {}
    factor = getattr(schedules, name)(total, 10, **args)(step)
    assert 0 <= factor <= 1 + 1e-12
    if step == 0 and name != "one_cycle":
        assert factor > 0


@given(total=st.integers(2, 500), warmup=st.integers(1, 100))
def test_no_update_of_the_warm_up_has_rate_zero(total: int, warmup: int) -> None:
    factor = schedules.cosine(total, None, warmup_steps=warmup)
    assert all(factor(step) > 0 for step in range(min(warmup, total)))


def test_after_its_end_a_decay_stays_at_its_minimum() -> None:
    for name in ("cosine", "polynomial", "wsd"):
        factor = getattr(schedules, name)(10, 5, min_factor=0.2)
        assert factor(10) == factor(1000) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.cosine(None, None), r"must know how long the training is; set trainer\.steps"),
        (lambda: schedules.step(100, None, step_size=3), "counts epochs"),
        (lambda: schedules.cosine(100, None, warmup_epochs=2), "counts epochs"),
        (lambda: schedules.cosine(100, 10, warmup_epochs=2, warmup_steps=3), "both warmup_steps"),
        (lambda: schedules.cosine(100, 10, warmup_steps=-1), "negative"),
        (lambda: schedules.cosine(100, 10, length=0), "length is 0"),
        (lambda: schedules.step(100, 10, step_size=0), "step_size is 0; it must be greater than 0"),
        (lambda: schedules.warm_restarts(100, 10, first=0), "first is 0"),
        (lambda: schedules.one_cycle(100, 10, warmup_share=3), "warmup_share is 3"),
        (lambda: schedules.wsd(100, 10, decay_share=-1), "decay_share is -1"),
        (lambda: schedules.wsd(100, 10, shape="cube"), "shape is 'cube'; it is linear, sqrt or cosine"),  # type: ignore[arg-type]
        (lambda: schedules.one_cycle(100, 10, anneal="cos"), "anneal is 'cos'"),  # type: ignore[arg-type]
        (lambda: schedules.step(100, 10, step_size=1, interval="week"), "interval is 'week'"),  # type: ignore[arg-type]
    ],
)
def test_a_mistake_is_one_clear_sentence(make: Callable[[], Factor], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


def test_each_group_keeps_its_own_rate_and_rates_are_floats() -> None:
    weights = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    ours = torch.optim.SGD([{"params": [weights[0]], "lr": 1.0}, {"params": [weights[1]], "lr": 0.1}])
    schedule = FactorSchedule(ours, schedules.linear(10, None))
    schedule.apply(5)
    assert [group["lr"] for group in ours.param_groups] == [0.5, 0.05]
    assert all(type(group["lr"]) is float for group in ours.param_groups)
    schedule.observe(1, {"val_loss": 1.0})
    schedule.load_state_dict(schedule.state_dict())
    assert ours.param_groups[0]["lr"] == 0.5


def test_the_first_update_has_its_rate_at_once() -> None:
    ours = optimizer()
    FactorSchedule(ours, schedules.constant(10, 5, warmup_steps=9))
    assert ours.param_groups[0]["lr"] == pytest.approx(RATE / 10)


def test_a_curve_can_be_thinned() -> None:
    factor = schedules.linear(1000, None)
    assert curve(factor, 1000, 3) == [factor(0), factor(500), factor(999)]
    assert curve(factor, 1000, 1) == [1.0]
    assert len(curve(factor, 5, 100)) == 5
