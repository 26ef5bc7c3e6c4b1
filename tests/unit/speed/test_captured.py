"""A recorded update gives the bits of the fast one. What records stands in for CUDA, except where a GPU is at hand."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from seedbed.batch import Batch
from seedbed.fast import FastStep
from seedbed.loop import custom_step, train_step
from seedbed.objectives.classification import Classification
from seedbed.optim.ema import EMA
from seedbed.optim.schedules import FactorSchedule, linear
from seedbed.speed.captured import MOST_CAPTURES, WARM_UP, CapturedStep, CudaBackend, Update, why_not_captured
from seedbed.speed.choose import Numerics, choose_step
from seedbed.state import TrainState

CPU = torch.device("cpu")


class Recorder:
    """Records like CUDA does: nothing happens while it records, and a replay does the same to the same memory.

    It runs the body for its results and puts back what that changed; a replay runs it again, into the memory that the
    first run returned.
    """

    def __init__(self, state: TrainState, refuses: str | None = None) -> None:
        self.state, self.refuses = state, refuses
        self.warm_ups = self.captures = self.replays = 0

    def warm_up(self, body: Callable[[], Update]) -> Update:
        self.warm_ups += 1
        return body()

    def capture(self, body: Callable[[], Update]) -> tuple[Update, Callable[[], None]]:
        self.captures += 1
        if self.refuses is not None:
            raise RuntimeError(self.refuses)
        held = list(tensors_in(self.state))
        saved, rng = [tensor.detach().clone() for tensor in held], torch.get_rng_state()
        result = body()
        gradients = [p.grad for p in self.state.model.parameters()]
        restore(held, saved)
        torch.set_rng_state(rng)

        def replay() -> None:
            self.replays += 1
            ema = self.state.ema
            updates = ema.updates if isinstance(ema, EMA) else 0
            again = body()
            if isinstance(ema, EMA):
                ema.updates = updates  # a replay runs no Python
            restore(numbers(result), numbers(again))
            for parameter, gradient in zip(self.state.model.parameters(), gradients, strict=True):
                if gradient is not None and parameter.grad is not None:
                    restore([gradient], [parameter.grad])
                parameter.grad = gradient

        return result, replay


def numbers(update: Update) -> list[Tensor]:
    return [t for t in (update.passed.loss, update.passed.grad_norm, update.weight) if isinstance(t, Tensor)]


def restore(tensors: list[Tensor], values: list[Tensor]) -> None:
    with torch.no_grad():
        for tensor, value in zip(tensors, values, strict=True):
            tensor.copy_(value)


def tensors_in(state: TrainState) -> Iterator[Tensor]:
    yield from state.model.state_dict().values()
    if state.ema is not None:
        yield from state.ema.module.state_dict().values()
    for optimizer in state.optimizers.values():
        for values in optimizer.state.values():
            yield from (value for value in values.values() if isinstance(value, Tensor))


def make_state(
    device: torch.device = CPU, *, optimizer: str = "AdamW", ema: dict[str, Any] | None = None
) -> TrainState:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3)).to(device)
    options = {"momentum": 0.9} if optimizer == "SGD" else {}
    made = getattr(torch.optim, optimizer)(model.parameters(), lr=0.05, fused=True, **options)
    objective = Classification(class_weights=[1.0, 2.0, 3.0]).to(device)
    state = TrainState(model=model, objective=objective, optimizers={"main": made}, device=device, clip_norm=0.5)
    state.schedules["main"] = FactorSchedule(made, linear(20, None))
    if ema is not None:
        state.ema = EMA(model, **ema)
    return state


def make_batches(count: int, device: torch.device = CPU, odd: int | None = None) -> list[Batch]:
    generator = torch.Generator().manual_seed(4)
    sizes = [3 if number == odd else 5 for number in range(count)]
    return [
        Batch(
            torch.randn(size, 6, generator=generator),
            torch.randint(0, 3, (size,), generator=generator),
            np.arange(size) + 10 * number,
        ).to(device)
        for number, size in enumerate(sizes)
    ]


def train(step: Any, state: TrainState, batches: list[Batch]) -> list[tuple[float, ...]]:
    state.train_mode()
    records = [step(state, [batch]) for batch in batches]
    return [(r.step, float(r.loss), float(r.grad_norm), r.learning_rate, float(r.num_samples)) for r in records]


def flatten(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in flatten(item, f"{path}/{key}").items()}
    return {path: value.detach().cpu().numpy().tobytes() if isinstance(value, Tensor) else repr(value)}


def assert_same(a: TrainState, b: TrainState) -> None:
    left, right = flatten(a.state_dict()), flatten(b.state_dict())
    assert left.keys() == right.keys()
    assert not [key for key in left if left[key] != right[key]]


@pytest.mark.parametrize("ema", [None, {"decay": 0.9}, {"decay": 0.9, "start_step": 5}, {"decay": 0.9, "power": 0.7}])
@pytest.mark.parametrize("optimizer", ["AdamW", "Adam", "SGD"])
def test_a_replayed_update_is_the_fast_one(optimizer: str, ema: dict[str, Any] | None) -> None:
    fast, captured = make_state(optimizer=optimizer, ema=ema), make_state(optimizer=optimizer, ema=ema)
    recorder = Recorder(captured)
    batches = make_batches(10)
    torch.manual_seed(7)
    expected = train(FastStep(fast), fast, batches)
    torch.manual_seed(7)
    assert train(CapturedStep(captured, recorder), captured, batches) == expected
    assert_same(fast, captured)
    assert recorder.replays >= 10 - 2 * WARM_UP


def test_the_warm_up_is_made_of_updates_that_count() -> None:
    state = make_state()
    recorder = Recorder(state)
    step = CapturedStep(state, recorder)
    train(step, state, make_batches(WARM_UP))
    assert (recorder.warm_ups, recorder.captures, state.step) == (WARM_UP, 0, WARM_UP)
    train(step, state, make_batches(1))
    assert (recorder.captures, recorder.replays, state.step) == (1, 1, WARM_UP + 1)


def test_an_odd_batch_runs_without_the_graph_and_the_graph_goes_on() -> None:
    fast, captured = make_state(), make_state()
    recorder = Recorder(captured)
    batches = make_batches(9, odd=6)
    torch.manual_seed(7)
    expected = train(FastStep(fast), fast, batches)
    torch.manual_seed(7)
    assert train(CapturedStep(captured, recorder), captured, batches) == expected
    assert_same(fast, captured)
    assert (recorder.captures, recorder.replays) == (1, 5)
    for mine, theirs in zip(captured.model.parameters(), fast.model.parameters(), strict=True):
        assert mine.grad is not None
        assert theirs.grad is not None
        assert torch.equal(mine.grad, theirs.grad)


def test_a_graph_that_cannot_be_recorded_is_done_without_and_says_why() -> None:
    fast, captured = make_state(ema={"decay": 0.9}), make_state(ema={"decay": 0.9})
    recorder = Recorder(captured, refuses="operation not permitted when stream is capturing")
    step, batches, notes = CapturedStep(captured, recorder), make_batches(7), []
    captured.train_mode()
    torch.manual_seed(7)
    for batch in batches:
        notes.append(step(captured, [batch]).note)
    torch.manual_seed(7)
    train(FastStep(fast), fast, batches)
    assert_same(fast, captured)
    said = [note for note in notes if note is not None]
    assert len(said) == 1
    assert "operation not permitted" in said[0]
    assert recorder.captures == 1


def test_what_the_graph_takes_for_constant_is_watched() -> None:
    fast, captured = make_state(), make_state()
    recorder = Recorder(captured)
    steps = [(FastStep(fast), fast), (CapturedStep(captured, recorder), captured)]
    batches = make_batches(6)
    for change in (None, "freeze", "thaw", "decay", "load"):
        for step, state in steps:
            if change in {"freeze", "thaw"}:
                for parameter in state.model[0].parameters():
                    parameter.requires_grad_(change == "thaw")
            elif change == "decay":
                state.optimizer.param_groups[0]["weight_decay"] = 0.3
            elif change == "load":
                state.load_state_dict(copy.deepcopy(state.state_dict()))
            torch.manual_seed(7)
            train(step, state, batches)
        assert_same(fast, captured)
    assert recorder.captures == 5


def test_what_changes_all_the_time_ends_the_recording() -> None:
    state = make_state()
    step, notes = CapturedStep(state, Recorder(state)), []
    state.train_mode()
    for number in range(MOST_CAPTURES + 2):
        state.optimizer.param_groups[0]["weight_decay"] = 0.01 * number
        for batch in make_batches(WARM_UP + 1):
            notes.append(step(state, [batch]).note)
    assert [note for note in notes if note is not None and "changes too often" in note]


def test_accumulated_updates_go_the_plain_way() -> None:
    plain, captured = make_state(), make_state()
    step = CapturedStep(captured, Recorder(captured))
    for update, state in ((train_step, plain), (step, captured)):
        torch.manual_seed(7)
        state.train_mode()
        update(state, make_batches(2))
    assert_same(plain, captured)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"non_finite": "skip"}, "non_finite=skip"),
        ({"optimizers": "RMSprop"}, "RMSprop has no fused kernel"),
        ({"device": CPU}, "the training is on cpu"),
    ],
)
def test_what_cannot_be_captured_is_told_beforehand(change: dict[str, Any], reason: str) -> None:
    state = make_state()
    state.device = torch.device("cuda")
    for key, value in change.items():
        if key == "optimizers":
            value = {"main": getattr(torch.optim, value)(state.model.parameters())}
        setattr(state, key, value)
    assert reason in (why_not_captured(state) or "")


def test_without_cuda_the_wish_is_refused_with_its_reason() -> None:
    state = make_state()
    chosen = choose_step(train_step, state, Numerics(cuda_graphs=True))
    assert not chosen.cuda_graphs
    assert isinstance(chosen.step, FastStep)
    assert "cuda_graphs is left out" in chosen.refusals[0]


def test_a_custom_update_is_not_captured() -> None:
    state = make_state()
    custom = custom_step(lambda state, batch: pytest.fail("not called"))
    chosen = choose_step(custom, state, Numerics(cuda_graphs=True, compile="step"))
    assert chosen.step is custom
    assert len(chosen.refusals) == 2


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("optimizer", ["AdamW", "SGD"])
def test_on_a_gpu_a_graph_gives_the_bits_of_the_same_kernels_without_it(optimizer: str) -> None:
    device = torch.device("cuda")
    eager, captured = (make_state(device, optimizer=optimizer, ema={"decay": 0.9}) for _ in range(2))
    batches = make_batches(12, device, odd=8)
    without, graphed = CapturedStep(eager, CudaBackend(device)), CapturedStep(captured, CudaBackend(device))
    without.failed = True
    torch.manual_seed(7)
    expected = train(without, eager, batches)
    torch.manual_seed(7)
    assert train(graphed, captured, batches) == expected
    assert graphed.captures == 1
    assert not graphed.failed
    assert_same(eager, captured)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu_a_graph_is_close_to_the_fast_update() -> None:
    device = torch.device("cuda")
    fast, captured = make_state(device), make_state(device)
    batches = make_batches(12, device)
    torch.manual_seed(7)
    expected = train(FastStep(fast), fast, batches)
    torch.manual_seed(7)
    found = train(CapturedStep(captured, CudaBackend(device)), captured, batches)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
