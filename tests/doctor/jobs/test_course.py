"""The monitors of a run: they find a planted course, keep quiet on a usual one, and go on after a stop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from seedbed.doctor.finding import Finding
from seedbed.doctor.monitors.course import Course, distance, fresh
from seedbed.optim.ema import EMA
from seedbed.state import StepRecord


@dataclass
class Standing:
    """What the monitors look at of a training state."""

    step: int = 0
    ema: Any = None
    model: Any = None


def course(**options: Any) -> Course:
    return Course(Standing(), 10_000, **options)  # type: ignore[arg-type]


def record(step: int, loss: float, **fields: Any) -> StepRecord:
    return StepRecord(
        step=step, epoch=0, ends_epoch=False, loss=torch.tensor(loss), learning_rate=fields.pop("rate", 1e-3),
        num_samples=8, indices=[], value=loss, **fields,
    )  # fmt: skip


def run(watcher: Course, losses: Iterable[float], **fields: Any) -> list[str]:
    """The codes that are found while these losses come in."""
    found: list[Finding] = []
    for number, loss in enumerate(losses, 1):
        watcher.state.step = number
        found += look(watcher, record(number, loss, **fields), logged=number % 10 == 0)
    return [finding.code for finding in found]


def look(watcher: Course, one: StepRecord, logged: bool) -> list[Finding]:
    """What is said of an update."""
    assert one.value is not None
    return [*watcher.step(one, one.value), *(watcher.logged(one) if logged else ())]


def falling(count: int, start: float = 2.3, end: float = 0.1) -> list[float]:
    """A usual course: down, with noise."""
    noise = torch.rand(count, generator=torch.Generator().manual_seed(1)).tolist()
    return [end + (start - end) * math.exp(-5 * i / count) * (0.8 + 0.4 * noise[i]) for i in range(count)]


def test_a_usual_course_is_quiet() -> None:
    assert run(course(), falling(3000)) == []


def test_a_loss_that_leaves_for_good_is_found_once() -> None:
    assert run(course(), [*falling(500), *[9.0] * 300]) == ["SB911"]


def test_a_loss_that_comes_back_is_not_called_diverging() -> None:
    assert "SB911" not in run(course(), [*falling(500), *[9.0] * 10, *falling(500, 0.5)])


def test_jumps_that_come_again_and_again_are_found() -> None:
    losses = falling(1200)
    losses[300::100] = [20.0] * len(losses[300::100])
    assert run(course(), losses) == ["SB912"]


def test_a_noisy_loss_is_not_called_jumping() -> None:
    noise = torch.randn(4000, generator=torch.Generator().manual_seed(2)).abs().tolist()
    assert run(course(), [1 + value for value in noise]) == []


def test_a_custom_update_may_have_any_loss() -> None:
    watcher = course(custom=True)
    assert run(watcher, [*falling(500), *[9.0] * 300]) == []
    assert [watcher.epoch(5.0, {}, 1.0, 1.0) for _ in range(10)] == [[]] * 10


def test_an_exploding_gradient_is_found() -> None:
    watcher = course()
    assert run(watcher, [1.0] * 200, grad_norm=torch.tensor(2.0)) == []
    assert "SB902" in run(watcher, [1.0] * 40, grad_norm=torch.tensor(5000.0))


def test_a_vanishing_gradient_is_found() -> None:
    assert "SB903" in run(course(), [1.0] * 100, grad_norm=torch.tensor(1e-12))


@pytest.mark.parametrize(("ratio", "found"), [(0.5, True), (1e-9, True), (1e-3, False), (1e-5, False)])
def test_updates_of_an_unhealthy_size_are_found(ratio: float, found: bool) -> None:
    assert ("SB907" in run(course(), [1.0] * 200, scalars={"update_ratio/all": ratio})) is found


def test_small_updates_at_the_end_of_a_schedule_are_usual() -> None:
    watcher = course()
    assert run(watcher, [1.0] * 100, scalars={"update_ratio/all": 1e-3}) == []
    assert run(watcher, [1.0] * 200, scalars={"update_ratio/all": 1e-9}, rate=1e-6) == []


def test_a_loss_that_stays_at_chance_is_found() -> None:
    watcher = course(chance=math.log(10))
    run(watcher, [math.log(10)] * 300)
    found = [watcher.epoch(math.log(10), {}, 1.0, 1.0) for _ in range(5)]
    assert [finding.code for step in found for finding in step] == ["SB905"]


def test_a_widening_gap_is_a_hint() -> None:
    watcher = course()
    found = [watcher.epoch(1 - 0.1 * n, {"val_loss": 1 + 0.2 * n}, 1.0, 1.0) for n in range(8)]
    assert [finding.code for step in found for finding in step] == ["SB906"]


def test_a_validation_loss_that_falls_with_the_training_loss_is_quiet() -> None:
    watcher = course()
    assert not any(watcher.epoch(1 / n, {"val_loss": 1.2 / n}, 1.0, 1.0) for n in range(1, 30))


def test_a_validation_loss_of_nan_is_found() -> None:
    assert [finding.code for finding in course().epoch(1.0, {"val_loss": math.nan}, 1.0, 1.0)] == ["SB901"]


def test_an_average_that_lags_far_behind_is_found_in_the_second_half() -> None:
    model = nn.Linear(4, 4)
    ema = EMA(model, decay=0.999)
    with torch.no_grad():
        model.weight.add_(5.0)
    state = Standing(100, ema, model)
    assert distance(state) > 0.9  # type: ignore[arg-type]
    assert Course(state, 1000).epoch(1.0, {}, 1.0, 1.0) == []  # type: ignore[arg-type]
    state.step = 600
    assert [f.code for f in Course(state, 1000).epoch(1.0, {}, 1.0, 1.0)] == ["SB810"]  # type: ignore[arg-type]


def test_a_training_that_becomes_slow_is_a_hint() -> None:
    watcher = course()
    found = [watcher.epoch(1.0 / n, {}, rate, 10.0) for n, rate in enumerate([900, 950, 940, 910, 300, 280, 270], 1)]
    assert [finding.code for step in found for finding in step] == ["SB913"]


def test_skipped_updates_and_losses_that_are_not_finite_are_left_to_the_loop() -> None:
    watcher = course()
    look(watcher, record(1, math.nan), logged=True)
    look(watcher, record(2, 1.0, skipped=True), logged=True)
    assert watcher.memory == {**fresh(), "peak_rate": 1e-3}


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.integers(0, 60))
def test_a_stop_at_any_update_changes_nothing(losses: list[float], stop: int) -> None:
    whole = course()
    found = run(whole, losses)
    first = course()
    before = run(first, losses[:stop])
    second = course()
    second.load(first.saved())
    after: list[str] = []
    for number, loss in enumerate(losses[stop:], stop + 1):
        after += [f.code for f in look(second, record(number, loss), logged=number % 10 == 0)]
    assert before + after == found
    assert second.saved() == whole.saved()


def test_what_is_saved_does_not_change_afterwards() -> None:
    watcher = course()
    run(watcher, falling(50))
    saved: Callable[[], dict[str, Any]] = watcher.saved
    kept = saved()
    copied = dict(kept)
    run(watcher, falling(50))
    assert kept == copied
    assert kept != saved()
