"""Torch's own schedulers, driven by the loop."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from seedbed.errors import ConfigError
from seedbed.optim.torch_schedule import TorchSchedule

EPOCH = 4
CLASSES: list[tuple[type[lr_scheduler.LRScheduler], dict[str, Any]]] = [
    (lr_scheduler.StepLR, {"step_size": 2}),
    (lr_scheduler.MultiStepLR, {"milestones": [1, 3]}),
    (lr_scheduler.ConstantLR, {"factor": 0.5, "total_iters": 2}),
    (lr_scheduler.LinearLR, {"total_iters": 3}),
    (lr_scheduler.ExponentialLR, {"gamma": 0.9}),
    (lr_scheduler.CosineAnnealingLR, {"T_max": 7}),
    (lr_scheduler.PolynomialLR, {"total_iters": 4, "power": 2.0}),
    (lr_scheduler.CosineAnnealingWarmRestarts, {"T_0": 2, "T_mult": 2}),
    (lr_scheduler.OneCycleLR, {"max_lr": 0.5, "total_steps": 30}),
    (lr_scheduler.CyclicLR, {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 3, "mode": "triangular2"}),
]


def optimizer() -> torch.optim.SGD:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5, momentum=0.9)


def reference(cls: type[lr_scheduler.LRScheduler], args: dict[str, Any], count: int) -> list[float]:
    theirs = optimizer()
    scheduler, rates = cls(theirs, **args), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(count):
            rates.append(float(theirs.param_groups[0]["lr"]))
            scheduler.step()
    return rates


@pytest.mark.parametrize(("cls", "args"), CLASSES)
def test_it_steps_after_every_epoch(cls: type[lr_scheduler.LRScheduler], args: dict[str, Any]) -> None:
    ours = optimizer()
    schedule, rates = TorchSchedule(ours, cls, args, steps_per_epoch=EPOCH), []
    for step in range(6 * EPOCH):
        schedule.apply(step)
        rates.append(ours.param_groups[0]["lr"])
        ours.step()
    expected = [rate for rate in reference(cls, args, 6) for _ in range(EPOCH)]
    assert rates == expected
    assert all(type(rate) is float for rate in rates)


@pytest.mark.parametrize(("cls", "args"), CLASSES)
def test_saved_and_loaded_it_goes_on_as_if_nothing_had_happened(
    cls: type[lr_scheduler.LRScheduler], args: dict[str, Any]
) -> None:
    expected = reference(cls, args, 20)
    for cut in (0, 5):
        first = optimizer()
        schedule = TorchSchedule(first, cls, args, interval="step")
        for step in range(cut + 1):
            schedule.apply(step)
        state = json.loads(json.dumps(schedule.state_dict(), allow_nan=False))
        saved = first.state_dict()
        second = optimizer()
        schedule = TorchSchedule(second, cls, args, interval="step")
        schedule.apply(9)  # what has happened before loading must not matter
        second.load_state_dict(saved)
        schedule.load_state_dict(state)
        rates = []
        for step in range(cut, 20):
            schedule.apply(step)
            rates.append(second.param_groups[0]["lr"])
        assert rates == pytest.approx(expected[cut:])


def test_epochs_are_counted_by_observe_where_their_length_is_unknown() -> None:
    ours = optimizer()
    schedule = TorchSchedule(ours, lr_scheduler.ExponentialLR, {"gamma": 0.5})
    schedule.apply(100)
    assert ours.param_groups[0]["lr"] == 0.5
    schedule.observe(2, {})
    assert ours.param_groups[0]["lr"] == 0.125


def test_a_scheduler_that_waits_for_a_metric_gets_it() -> None:
    ours = optimizer()
    schedule = TorchSchedule(ours, lr_scheduler.ReduceLROnPlateau, {"patience": 0}, metric="val_accuracy")
    for epoch, value in enumerate([1.0, 1.0, 2.0]):
        schedule.apply(epoch * 10)
        schedule.observe(epoch, {"val_accuracy": value})
        schedule.observe(epoch, {"loss": 0.0})
    assert ours.param_groups[0]["lr"] == pytest.approx(0.005)
    again = TorchSchedule(optimizer(), lr_scheduler.ReduceLROnPlateau, {"patience": 0}, metric="val_accuracy")
    again.load_state_dict(json.loads(json.dumps(schedule.state_dict(), allow_nan=False)))
    assert again.state_dict() == schedule.state_dict()
    with pytest.raises(ConfigError, match="ReduceLROnPlateau waits for 'val_accuracy', but the evaluation gives val_l"):
        schedule.observe(4, {"val_loss": 1.0})


def test_reduce_on_plateau_works_without_validation_and_starts_anew_with_it() -> None:
    ours = optimizer()
    schedule = TorchSchedule(ours, lr_scheduler.ReduceLROnPlateau, {"patience": 0})
    schedule.observe(1, {"loss": 1.0})
    schedule.observe(2, {"loss": 1.0})
    assert ours.param_groups[0]["lr"] == pytest.approx(0.05)
    schedule.observe(3, {"loss": 1.0, "val_loss": 7.0})
    assert schedule.scheduler.best == 7.0  # type: ignore[attr-defined]
    assert ours.param_groups[0]["lr"] == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("cls", "args", "message"),
    [
        (lr_scheduler.LambdaLR, {}, "which a config can't hold; use a schedule by name"),
        (lr_scheduler.SequentialLR, {}, "use cosine or wsd"),
        (lr_scheduler.StepLR, {}, "StepLR refuses its arguments.*step_size"),
        (lr_scheduler.StepLR, {"step_sise": 3}, "StepLR refuses its arguments"),
        (lr_scheduler.ReduceLROnPlateau, {"factor": 2.0}, "Factor should be < 1.0"),
    ],
)
def test_a_mistake_is_one_clear_sentence(
    cls: type[lr_scheduler.LRScheduler], args: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        TorchSchedule(optimizer(), cls, args)


def test_a_scheduler_that_ends_too_early_says_so() -> None:
    schedule = TorchSchedule(optimizer(), lr_scheduler.OneCycleLR, {"max_lr": 1.0, "total_steps": 5}, interval="step")
    with pytest.raises(ConfigError, match="OneCycleLR can't go on"):
        schedule.apply(9)
