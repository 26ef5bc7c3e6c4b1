"""The fast form of an update gives the bits of the plain one, and steps aside where it does not apply."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from seedbed.batch import Batch
from seedbed.fast import FastStep, is_plain
from seedbed.loop import NonFiniteError, Step, custom_step, train_step
from seedbed.objectives.classification import Classification
from seedbed.optim.ema import EMA
from seedbed.optim.schedules import FactorSchedule, linear
from seedbed.speed.choose import choose_step
from seedbed.state import StepRecord, TrainState

SETTINGS: list[dict[str, Any]] = [
    {},
    {"clip_norm": 0.1},
    {"clip_value": 0.01},
    {"precision": "bf16"},
    {"non_finite": "skip"},
    {"ema": True, "metrics": True},
]


def make_state(optimizer: str = "AdamW", **settings: Any) -> TrainState:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))
    objective = Classification(class_weights=[1.0, 2.0, 3.0] if settings.pop("weighted", False) else None)
    ema, metrics = settings.pop("ema", False), settings.pop("metrics", False)
    options = {"momentum": 0.9} if optimizer == "SGD" else {}
    made = getattr(torch.optim, optimizer)(model.parameters(), lr=0.05, fused=True, **options)
    state = TrainState(
        model=model, objective=objective, optimizers={"main": made}, device=torch.device("cpu"), **settings
    )
    if ema:
        state.ema = EMA(model, decay=0.9)
    if metrics:
        state.epoch_metrics = objective.metrics()
    return state


def make_batches(count: int, size: int = 5) -> list[Batch]:
    generator = torch.Generator().manual_seed(4)
    return [
        Batch(
            torch.randn(size, 6, generator=generator),
            torch.randint(0, 3, (size,), generator=generator),
            np.arange(number * size, (number + 1) * size),
        )
        for number in range(count)
    ]


def facts(record: StepRecord) -> tuple[Any, ...]:
    norm = None if record.grad_norm is None else record.grad_norm.item()
    return record.step, record.loss.item(), norm, record.learning_rate, record.num_samples, record.skipped


def flatten(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in flatten(item, f"{path}/{key}").items()}
    if isinstance(value, Tensor):
        return {path: (value.dtype, value.shape, value.detach().reshape(-1).view(torch.uint8).numpy().tobytes())}
    return {path: repr(value)}


def assert_same(a: TrainState, b: TrainState) -> None:
    left, right = flatten(a.state_dict()), flatten(b.state_dict())
    assert left.keys() == right.keys()
    assert not [key for key in left if left[key] != right[key]]


def run(step: Any, state: TrainState, batches: list[Batch]) -> list[tuple[Any, ...]]:
    torch.manual_seed(7)  # dropout
    state.train_mode()
    return [facts(step(state, [batch])) for batch in batches]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("optimizer", ["AdamW", "SGD", "Adagrad"])
def test_a_fast_update_is_the_plain_one(optimizer: str, settings: dict[str, Any]) -> None:
    plain, fast = make_state(optimizer, **settings), make_state(optimizer, **settings)
    step = choose_step(train_step, fast).step
    assert isinstance(step, FastStep)
    batches = make_batches(6)
    assert run(train_step, plain, batches) == run(step, fast, batches)
    assert_same(plain, fast)


def test_weighted_means_and_schedules_too() -> None:
    states = [make_state(weighted=True), make_state(weighted=True)]
    for state in states:
        state.schedules["main"] = FactorSchedule(state.optimizer, linear(6, None))
    batches = make_batches(6)
    assert run(train_step, states[0], batches) == run(FastStep(states[1]), states[1], batches)
    assert_same(*states)


def test_frozen_weights_thaw() -> None:
    plain, fast = make_state(), make_state()
    step, batches = FastStep(fast), make_batches(6)
    for frozen in (True, False, True):
        for state in (plain, fast):
            for parameter in state.model[0].parameters():
                parameter.requires_grad_(not frozen)
        assert run(train_step, plain, batches[:3]) == run(step, fast, batches[:3])
        assert_same(plain, fast)


@pytest.mark.parametrize("policy", ["stop", "skip"])
def test_a_loss_that_is_not_finite_leaves_the_weights(policy: str) -> None:
    plain, fast = make_state(non_finite=policy), make_state(non_finite=policy)
    (batch,) = make_batches(1)
    batch.inputs[0, 0] = torch.nan
    for state, step in ((plain, train_step), (fast, FastStep(fast))):
        before = copy.deepcopy(list(state.model.parameters()))
        state.train_mode()
        if policy == "stop":
            with pytest.raises(NonFiniteError):
                step(state, [batch])
        else:
            assert step(state, [batch]).skipped
        assert all(torch.equal(a, b) for a, b in zip(before, state.model.parameters(), strict=True))


def test_accumulation_and_skipped_updates_go_the_plain_way() -> None:
    plain, fast = make_state(), make_state()
    plain.skip_steps = fast.skip_steps = {2}
    batches, step = make_batches(6), FastStep(fast)
    for first in range(0, 6, 2):
        for state, update in ((plain, train_step), (fast, step)):
            torch.manual_seed(first)
            state.train_mode()
            update(state, batches[first : first + 2])
    assert plain.skipped == fast.skipped == 1
    assert_same(plain, fast)


def test_a_replaced_backward_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    state, called = make_state(), []
    original = Tensor.backward
    step = FastStep(state)
    monkeypatch.setattr(Tensor, "backward", lambda self, *args: (called.append(1), original(self, *args))[1])
    run(step, state, make_batches(1))
    assert called == [1]


def test_without_the_private_engine_the_public_backward_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedbed.fast.ENGINE", None)
    plain, fast = make_state(), make_state()
    batches = make_batches(2)
    assert run(train_step, plain, batches) == run(FastStep(fast), fast, batches)
    assert_same(plain, fast)


def test_a_custom_update_stays_what_it_is() -> None:
    state = make_state()
    custom = custom_step(lambda state, batch: Step(torch.zeros(())))
    assert choose_step(custom, state).step is custom
    assert not is_plain(custom)
    assert is_plain(train_step)
    assert is_plain(FastStep(state))


def test_a_loss_without_a_graph_is_refused_as_torch_does() -> None:
    state = make_state()
    for parameter in state.model.parameters():
        parameter.requires_grad_(False)
    with pytest.raises(RuntimeError, match="does not require grad"):
        run(FastStep(state), state, make_batches(1))
