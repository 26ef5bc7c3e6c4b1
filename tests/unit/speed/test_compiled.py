"""A compiled update is the eager one up to rounding, is the same each time, and steps aside where it does not fit."""

from __future__ import annotations

import copy
import shutil
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from seedbed.batch import Batch
from seedbed.fast import FastStep
from seedbed.loop import train_step
from seedbed.objectives.classification import Classification
from seedbed.optim.ema import EMA
from seedbed.optim.schedules import FactorSchedule, linear
from seedbed.speed.choose import Numerics, choose_step
from seedbed.speed.compiled import (
    MOST_COMPILES,
    CannotCompileError,
    CompiledStep,
    SizeOnly,
    compare,
    explain,
    shapes_of,
)
from seedbed.state import TrainState

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")


def make_state(model: nn.Module | None = None, **settings: Any) -> TrainState:
    torch.manual_seed(1)
    model = model or nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, fused=True)
    objective = Classification(class_weights=[1.0, 2.0, 3.0], metrics=["accuracy"])
    state = TrainState(
        model=model, objective=objective, optimizers={"main": optimizer}, device=torch.device("cpu"), **settings
    )
    state.schedules["main"] = FactorSchedule(optimizer, linear(20, None))
    state.ema = EMA(model, decay=0.9)
    state.epoch_metrics = objective.metrics()
    return state


def make_batches(sizes: list[int]) -> list[Batch]:
    generator = torch.Generator().manual_seed(4)
    return [
        Batch(torch.randn(n, 6, generator=generator), torch.randint(0, 3, (n,), generator=generator), np.arange(n))
        for n in sizes
    ]


def train(step: Any, state: TrainState, batches: list[Batch]) -> list[float]:
    torch.manual_seed(7)  # dropout
    state.train_mode()
    return [float(step(state, [batch]).loss) for batch in batches]


def numbers(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in numbers(item, f"{path}/{key}").items()}
    return {path: value.detach().double()} if isinstance(value, Tensor) else {path: value}


def assert_close(a: TrainState, b: TrainState) -> None:
    left, right = numbers(a.state_dict()), numbers(b.state_dict())
    assert left.keys() == right.keys()
    for key, value in left.items():
        if isinstance(value, Tensor):
            torch.testing.assert_close(
                value, right[key], rtol=1e-3, atol=1e-5, msg=lambda text, key=key: f"{key}: {text}"
            )


@needs_compiler
@pytest.mark.slow
def test_a_compiled_update_is_the_eager_one_up_to_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    eager, compiled, again = (make_state(clip_norm=0.5) for _ in range(3))
    batches = make_batches([5, 5, 5, 3, 5, 5])
    before = numbers(compiled.state_dict())
    step = CompiledStep(compiled, batches[0])
    after = numbers(compiled.state_dict())
    assert all(torch.equal(v, after[k]) if isinstance(v, Tensor) else v == after[k] for k, v in before.items())
    eager_passes = []
    monkeypatch.setattr(FastStep, "backward", lambda self, loss: (eager_passes.append(1), loss.backward()))

    losses = train(step, compiled, batches)
    assert len(eager_passes) == 1  # the odd batch
    np.testing.assert_allclose(losses, train(train_step, eager, batches), rtol=1e-4)
    assert_close(compiled, eager)

    repeated = CompiledStep(again, batches[0])
    assert train(repeated, again, batches) == losses
    assert all(torch.equal(a, b) for a, b in zip(compiled.model.parameters(), again.model.parameters(), strict=True))

    for state in (compiled, eager):  # frozen weights need another graph, and get it
        for parameter in state.model[0].parameters():
            parameter.requires_grad_(False)
    np.testing.assert_allclose(train(step, compiled, batches), train(train_step, eager, batches), rtol=1e-3)
    assert step.compiled is not None
    assert_close(compiled, eager)


class Branching(nn.Module):
    """Asks the host for a value of its data."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(x)
        return out * 2 if x.mean().item() > 0 else out


@needs_compiler
def test_what_cannot_be_one_graph_runs_eagerly_and_says_why() -> None:
    model = Branching()
    state, plain = make_state(copy.deepcopy(model)), make_state(model)
    batches = make_batches([5, 5])
    chosen = choose_step(train_step, state, Numerics(compile="step"), lambda: batches[0])
    assert chosen.compile == "off"
    assert type(chosen.step) is FastStep
    assert "trainer.compile=step is left out" in chosen.refusals[0]
    assert train(chosen.step, state, batches) == train(train_step, plain, batches)
    for mine, theirs in zip(state.model.parameters(), plain.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_without_the_compiler_the_step_runs_eagerly_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> Any:
        def call(*inputs: Any) -> Any:
            raise RuntimeError("Failed to find C++ compiler.\nPlease specify one")

        return call

    monkeypatch.setattr(torch, "compile", refuse)
    state, (batch,) = make_state(), make_batches([5])
    rng = torch.get_rng_state()
    chosen = choose_step(train_step, state, Numerics(compile="step"), lambda: batch)
    assert chosen.refusals == [
        "trainer.compile=step is left out: the step runs eagerly, because of RuntimeError: Failed to find C++ compiler."
    ]
    assert torch.equal(rng, torch.get_rng_state())


def test_a_graph_whose_assumptions_fail_is_made_again_or_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    state, plain = make_state(), make_state()
    batches = make_batches([5] * 4)
    step = CompiledStep(state, batches[0])

    def fail(*inputs: Any) -> Any:
        raise RuntimeError("a guard has failed")

    losses = train(step, state, batches[:1])
    step.compiled = fail
    record = step(state, [batches[1]])
    assert record.note == "the step is compiled again: RuntimeError: a guard has failed"
    monkeypatch.setattr(torch, "compile", lambda function, **options: fail)
    step.compiled = fail
    notes = []
    for batch in batches[2:]:
        notes.append(step(state, [batch]).note)
    assert notes == ["from this update on the step runs eagerly: RuntimeError: a guard has failed", None]
    expected = train(train_step, plain, batches)
    assert losses == expected[:1]
    assert_close(state, plain)


def test_what_changes_all_the_time_ends_the_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    state, (batch,) = make_state(), make_batches([5])
    step = CompiledStep(state, batch)
    step.compiles = MOST_COMPILES
    state.model[0].weight.requires_grad_(False)
    state.train_mode()
    assert f"has changed {MOST_COMPILES} times" in (step(state, [batch]).note or "")
    assert step.compiled is None


def test_gradients_that_are_too_far_away_are_refused() -> None:
    one, good = torch.ones(3), torch.ones(3) * 1.0001
    compare(one.sum(), one.sum(), [one, None], [good, None], 1e-3)
    with pytest.raises(CannotCompileError, match="away from the eager one"):
        compare(one.sum(), one.sum(), [one], [one * 1.1], 1e-3)
    with pytest.raises(CannotCompileError, match="away from the eager one"):
        compare(one.sum(), one.sum() * torch.nan, [one], [one], 1e-3)
    with pytest.raises(CannotCompileError, match="other parameters"):
        compare(one.sum(), one.sum(), [one], [None], 1e-3)


def test_sample_numbers_have_a_count_and_no_values() -> None:
    numbers = SizeOnly(4)
    assert len(numbers) == 4
    with pytest.raises(TypeError):
        numbers[0]  # type: ignore[index]


def test_shapes_tell_batches_of_another_size_or_type_apart() -> None:
    five, three = make_batches([5, 3])
    assert shapes_of(five) == shapes_of(make_batches([5])[0])
    assert shapes_of(five) != shapes_of(three)
    assert shapes_of(five) != shapes_of(Batch(five.inputs.double(), five.targets, five.indices))
    assert shapes_of(five) != shapes_of(Batch({"x": five.inputs}, five.targets, five.indices))


def test_the_reason_is_one_line() -> None:
    assert explain(RuntimeError("first:\n  the cause\nmore")) == "RuntimeError: the cause"
    assert explain(CannotCompileError("because")) == "because"
