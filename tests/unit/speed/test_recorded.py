"""A replayed update is the plain one bit for bit, and code that is no function of its inputs is not replayed."""

from __future__ import annotations

import copy
import functools
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import DataError, TrainingError
from seedbed.fast import FastStep
from seedbed.loop import train_step
from seedbed.models.conv1d import Conv1dNet
from seedbed.models.gpt import GPT
from seedbed.models.gru import GRU
from seedbed.models.lenet import LeNet
from seedbed.models.mlp import MLP
from seedbed.models.resnet import ResNet
from seedbed.objectives.binary import Binary, MultiLabel
from seedbed.objectives.classification import Classification
from seedbed.objectives.functional import Functional
from seedbed.objectives.hinge import MultiClassHinge
from seedbed.objectives.language import LanguageModeling
from seedbed.objectives.regression import Regression
from seedbed.optim.ema import EMA
from seedbed.speed.choose import choose_step
from seedbed.speed.pure import ImpureError, constants_of
from seedbed.speed.recorded import RecordedStep, recorded
from seedbed.speed.tapes import MOST_TAPES
from seedbed.state import Objective, TrainState

SIZES = [6, 6, 6, 6, 6, 3, 6, 6, 6, 3, 6, 3, 6, 3]
Make = Callable[[int, torch.Generator], tuple[Any, Any]]


def make_state(model: nn.Module, objective: Objective | None = None, **settings: Any) -> TrainState:
    objective = objective or Classification()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, fused=True)
    state = TrainState(
        model=model, objective=objective, optimizers={"main": optimizer}, device=torch.device("cpu"), **settings
    )
    state.epoch_metrics = objective.metrics()
    state.ema = EMA(model, decay=0.9)
    return state


def make_batches(make: Make, sizes: list[int]) -> list[Batch]:
    generator = torch.Generator().manual_seed(4)
    return [Batch(*make(n, generator), np.arange(n)) for n in sizes]


def rows(*shape: int, classes: int = 3) -> Make:
    """Normal numbers, and one class a sample."""

    def make(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return torch.randn(n, *shape, generator=generator), torch.randint(0, classes, (n,), generator=generator)

    return make


def reals(*shape: int, outputs: tuple[int, ...] = ()) -> Make:
    """Normal numbers as inputs and targets."""
    return lambda n, g: (torch.randn(n, *shape, generator=g), torch.randn(n, *outputs, generator=g))


def bits(*shape: int, outputs: tuple[int, ...] = ()) -> Make:
    """Normal numbers, and 0 or 1."""
    return lambda n, g: (torch.randn(n, *shape, generator=g), torch.randint(0, 2, (n, *outputs), generator=g).float())


def tokens(length: int) -> Make:
    """Token numbers, and the next ones."""
    return lambda n, g: (torch.randint(0, 9, (n, length), generator=g), torch.randint(0, 9, (n, length), generator=g))


def train(step: Any, state: TrainState, batches: list[Batch]) -> list[float]:
    torch.manual_seed(7)  # dropout
    state.train_mode()
    return [float(step(state, [batch]).loss) for batch in batches]


def flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in flat(item, f"{path}/{key}").items()}
    return {path: value}


def assert_same(a: TrainState, b: TrainState) -> None:
    left, right = flat(a.state_dict()), flat(b.state_dict())
    assert left.keys() == right.keys()
    for key, value in left.items():
        same = torch.equal(value, right[key]) if isinstance(value, Tensor) else value == right[key]
        assert same, key


def both(model: nn.Module, objective: Objective, make: Make, **settings: Any) -> RecordedStep:
    """Train plainly and replayed, and compare every bit of the states; the replayed step."""
    batches = make_batches(make, SIZES)
    plain = make_state(copy.deepcopy(model), copy.deepcopy(objective), **settings)
    state = make_state(copy.deepcopy(model), copy.deepcopy(objective), **settings)
    step = recorded(state)
    assert isinstance(step, RecordedStep), step
    assert train(train_step, plain, batches) == train(step, state, batches)
    assert_same(plain, state)
    return step


def replays(step: RecordedStep) -> int:
    return sum(tape.replays for tape in step.tapes.by_shape.values() if tape is not None)


def smooth(output: Tensor, target: Tensor) -> Tensor:
    return F.smooth_l1_loss(output, target, beta=0.5)


CASES: dict[str, tuple[Callable[[], nn.Module], Callable[[], Objective], Make]] = {
    "mlp": (lambda: MLP(in_features=5, out_features=3, hidden=(8, 7)), Classification, rows(5)),
    "mlp with everything": (
        lambda: MLP(in_features=5, out_features=3, hidden=(8,), norm="batch", dropout=0.3, activation="gelu"),
        lambda: Classification(label_smoothing=0.1),
        rows(5),
    ),
    "class weights": (
        lambda: MLP(in_features=5, out_features=3, norm="layer"),
        lambda: Classification(class_weights=[1.0, 2.0, 0.5], ignore_index=1),
        rows(5),
    ),
    "lenet": (lambda: LeNet(in_channels=1, num_classes=3, image_size=12), Classification, rows(1, 12, 12)),
    "resnet": (lambda: ResNet(in_channels=1, num_classes=3, depth=8), Classification, rows(1, 8, 8)),
    "conv1d": (lambda: Conv1dNet(in_channels=2, out_features=3, length=24, norm="batch"), Classification, rows(2, 24)),
    "gru": (
        lambda: GRU(in_features=4, out_features=3, hidden_size=6, dropout=0.1, num_layers=2),
        MultiClassHinge,
        rows(7, 4),
    ),
    "gpt": (
        lambda: GPT(vocab_size=9, context=8, num_layers=2, d_model=16, num_heads=2, dropout=0.2),
        lambda: LanguageModeling(),
        tokens(8),
    ),
    "binary": (lambda: MLP(in_features=5, out_features=1, squeeze=True), Binary, bits(5)),
    "labels": (lambda: MLP(in_features=5, out_features=4), lambda: MultiLabel(), bits(5, outputs=(4,))),
    "regression": (lambda: MLP(in_features=5, out_features=1, squeeze=True), Regression, reals(5)),
    "huber": (lambda: MLP(in_features=5, out_features=2), lambda: Functional(loss=smooth), reals(5, outputs=(2,))),
    "partial": (
        lambda: nn.Linear(5, 2),
        lambda: Functional(loss=functools.partial(F.huber_loss, delta=0.3)),
        reals(5, outputs=(2,)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_replayed_updates_have_the_plain_ones_bits(name: str) -> None:
    torch.manual_seed(1)
    model, objective, make = CASES[name]
    step = both(model(), objective(), make)
    assert step.tapes.why_not is None
    assert replays(step) >= 6


class Net(nn.Module):
    """What people write: functional calls, a loop over layers, numbers as attributes, a method of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(5, 5) for _ in range(2)])
        self.head = nn.Linear(5, 3)
        self.register_buffer("scale", torch.full((5,), 0.5))
        self.share = 0.2

    def encode(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = x + self.share * torch.tanh(layer(x))
        return F.dropout(x, 0.1, training=self.training)

    def forward(self, x: Tensor) -> Tensor:
        n, _ = x.shape
        h = self.encode(x.view(n, -1)) * self.scale
        if h.ndim != 2:
            raise ValueError(f"rows wanted, not {h.shape}")
        parts = [h, h.flip(1)]
        noise = torch.randn_like(h) * torch.tensor(0.01)
        return self.head(torch.stack(parts).mean(0) + noise)


def test_a_module_of_the_users_is_replayed() -> None:
    torch.manual_seed(1)
    step = both(Net(), Classification(), rows(5))
    assert step.tapes.why_not is None
    assert replays(step) >= 6


class Counting(nn.Linear):
    """Writes what it did."""

    calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return super().forward(x) / self.calls


class Rolling(nn.Linear):
    """Decides by Python's random numbers."""

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias) * random.random()


class Remembering(nn.Linear):
    """Keeps something in a list that outlives the call."""

    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x)
        return F.linear(x, self.weight, self.bias)


class Printing(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        print(x.shape)
        return F.linear(x, self.weight, self.bias)


class Telling(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias) * x.abs().max().tolist()


class Numpy(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias) * float(np.random.rand())


class Caching(nn.Linear):
    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        self.cache: dict[str, Tensor] = {}

    def forward(self, x: Tensor) -> Tensor:
        cache = self.cache
        cache["x"] = x
        return F.linear(x, self.weight, self.bias)


def jitter() -> float:
    return random.gauss(0, 1)


class Calling(nn.Linear):
    """Does it by way of a function."""

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias) * jitter()


class Seeding(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        torch.manual_seed(3)
        return F.linear(x, self.weight, self.bias)


STEPS = {"done": 0}


class Global(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias) / (1 + STEPS["done"])


class Custom(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.sign()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0]


class Binarized(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return F.linear(Custom.apply(x), self.weight, self.bias)


IMPURE = [Counting, Rolling, Remembering, Printing, Telling, Numpy, Caching, Calling, Seeding, Global, Binarized]


@pytest.mark.parametrize("kind", IMPURE)
def test_code_that_may_do_something_else_the_next_time_is_refused(kind: type[nn.Module]) -> None:
    with pytest.raises(ImpureError):
        constants_of(nn.Sequential(kind(5, 3)))
    reason = recorded(make_state(kind(5, 3)))
    assert isinstance(reason, str)


class ByData(nn.Linear):
    """Decides by what the tensor holds."""

    def forward(self, x: Tensor) -> Tensor:
        h = F.linear(x, self.weight, self.bias)
        return h * 2 if h.sum() > 0 else h


class Chosen(nn.Linear):
    """Gives a tensor whose size depends on the data."""

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias) + x[x > 0].mean()


@pytest.mark.parametrize(("kind", "words"), [(ByData, "reads a number"), (Chosen, "depends on the data")])
def test_what_depends_on_the_data_ends_the_recording(kind: type[nn.Module], words: str) -> None:
    torch.manual_seed(1)
    step = both(kind(5, 3), Classification(), rows(5))
    assert step.tapes.why_not is not None
    assert words in step.tapes.why_not
    assert replays(step) == 0


def test_a_number_that_is_changed_between_updates_is_noticed() -> None:
    torch.manual_seed(1)
    batches = make_batches(rows(5), [6] * 12)
    states = [make_state(copy.deepcopy(Net())) for _ in range(1)]
    states.append(make_state(copy.deepcopy(states[0].model)))
    step = recorded(states[1])
    assert isinstance(step, RecordedStep)
    for number in range(3):
        for state, update in zip(states, (train_step, step), strict=True):
            state.model.share = 0.2 + number  # type: ignore[assignment]
            train(update, state, batches[4 * number : 4 * number + 4])
    assert_same(*states)
    assert replays(step) > 0


def test_frozen_and_unfrozen_weights_are_noticed() -> None:
    torch.manual_seed(1)
    model = MLP(in_features=5, out_features=3, norm="batch")
    batches = make_batches(rows(5), [6] * 15)
    states = [make_state(copy.deepcopy(model)) for _ in range(2)]
    step = recorded(states[1])
    assert isinstance(step, RecordedStep)
    for number in range(3):
        for state, update in zip(states, (train_step, step), strict=True):
            state.model.layers[0].weight.requires_grad_(number != 1)  # type: ignore[index, union-attr, operator]
            state.frozen = (state.model.layers[1],) if number == 1 else ()  # type: ignore[index, operator]
            train(update, state, batches[5 * number : 5 * number + 5])
    assert_same(*states)
    assert replays(step) > 0


def test_a_hook_sees_every_update() -> None:
    torch.manual_seed(1)
    state = make_state(MLP(in_features=5, out_features=3))
    step = recorded(state)
    assert isinstance(step, RecordedStep)
    train(step, state, make_batches(rows(5), [6] * 5))
    before, seen = replays(step), list[int]()
    handle = state.model.register_forward_hook(lambda *_: seen.append(1))
    train(step, state, make_batches(rows(5), [6] * 5))
    assert len(seen) == 5
    assert replays(step) == before
    handle.remove()
    train(step, state, make_batches(rows(5), [6] * 5))
    assert replays(step) > before


def test_clipping_precision_and_gradients_of_others_stay_what_they_are() -> None:
    torch.manual_seed(1)
    both(MLP(in_features=5, out_features=3), Classification(), rows(5), clip_norm=0.1)
    both(MLP(in_features=5, out_features=3), Classification(), rows(5), clip_value=0.001)
    step = both(MLP(in_features=5, out_features=3, norm="batch"), Classification(), rows(5), precision="bf16")
    assert replays(step) > 0


def test_tied_and_shared_weights_are_replayed() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inside = nn.Linear(5, 5)
            self.first, self.second = nn.Parameter(torch.zeros(5)), nn.Parameter(torch.zeros(5))
            self.head = nn.Linear(5, 3)

        def forward(self, x: Tensor) -> Tensor:
            h = self.inside(torch.relu(self.inside(x))) + (self.first + self.second)
            return self.head(h @ self.inside.weight.t())

    torch.manual_seed(1)
    step = both(Tied(), Classification(), rows(5))
    assert replays(step) >= 6


def test_a_wrong_target_is_the_same_error_as_without_a_record() -> None:
    state = make_state(MLP(in_features=5, out_features=3))
    step = recorded(state)
    assert isinstance(step, RecordedStep)
    train(step, state, make_batches(rows(5), [6] * 6))
    assert replays(step) > 0
    (batch,) = make_batches(rows(5), [6])
    batch.targets[2] = 7
    with pytest.raises(DataError, match="sample 2 has the label 7"):
        step(state, [batch])


def test_batches_of_many_shapes_go_the_plain_way() -> None:
    torch.manual_seed(1)
    state = make_state(MLP(in_features=5, out_features=3))
    step = recorded(state)
    assert isinstance(step, RecordedStep)
    train(step, state, make_batches(rows(5), [*range(2, 12), *range(2, 12)]))
    assert sum(tape is not None for tape in step.tapes.by_shape.values()) == MOST_TAPES


def test_a_record_that_is_wrong_stops_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reading of the code misses is found by the comparisons."""
    monkeypatch.setattr("seedbed.speed.recorded.constants_of", lambda part: [])
    state = make_state(Rolling(5, 3))
    step = recorded(state)
    assert isinstance(step, RecordedStep)
    train(step, state, make_batches(rows(5), [6] * 8))
    assert step.tapes.why_not == "what is replayed is not what the model gives"
    assert replays(step) == 0

    state = make_state(Rolling(5, 3))
    step = recorded(state)
    assert isinstance(step, RecordedStep)
    monkeypatch.setattr(random, "random", lambda: 0.5)
    train(step, state, make_batches(rows(5), [6] * 5))
    monkeypatch.setattr(random, "random", lambda: 0.7)
    with pytest.raises(TrainingError, match=r"recorded update is not what the model gives.*trainer\.recorded"):
        train(step, state, make_batches(rows(5), [6] * 8))


def test_the_config_says_whether_it_is_recorded() -> None:
    pure, impure = make_state(MLP(in_features=5, out_features=3)), make_state(Rolling(5, 3))
    assert isinstance(choose_step(train_step, pure).step, RecordedStep)
    assert type(choose_step(train_step, pure, record=False).step) is FastStep
    assert choose_step(train_step, impure).refusals == []
    (refusal,) = choose_step(train_step, impure, record=True).refusals
    assert "Rolling.forward" in refusal
    assert "random" in refusal


class Loose(nn.Linear):
    """Reads a tensor and a number that are neither weights nor buffers."""

    factor = 2.0

    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        self.shift = torch.zeros(3)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias) * self.factor + self.shift


def test_a_tensor_or_a_number_of_the_class_that_is_exchanged_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    batches = make_batches(rows(5), [6] * 15)
    states = [make_state(Loose(5, 3))]
    states.append(make_state(copy.deepcopy(states[0].model)))
    step = recorded(states[1])
    assert isinstance(step, RecordedStep)
    for number in range(3):
        monkeypatch.setattr(Loose, "factor", 2.0 + (number == 2))
        for state, update in zip(states, (train_step, step), strict=True):
            state.model.shift = torch.full((3,), float(number))
            train(update, state, batches[5 * number : 5 * number + 5])
    assert_same(*states)
    assert replays(step) > 3


def test_what_changes_at_every_update_is_not_recorded_for_ever() -> None:
    torch.manual_seed(1)
    batches = make_batches(rows(5), [6] * 20)
    states = [make_state(Net())]
    states.append(make_state(copy.deepcopy(states[0].model)))
    step = recorded(states[1])
    assert isinstance(step, RecordedStep)
    for number, batch in enumerate(batches):
        for state, update in zip(states, (train_step, step), strict=True):
            state.model.share = 0.1 + 0.01 * number  # type: ignore[assignment]
            train(update, state, [batch])
    assert_same(*states)
    assert step.tapes.why_not == "what it takes for constant changes too often"


def connectionist(output: Tensor, target: Tensor) -> Tensor:
    lengths = (target > 0).sum(1)
    steps = torch.full((len(output),), output.shape[1], dtype=torch.long)
    return F.ctc_loss(output.log_softmax(2).transpose(0, 1), target, steps, lengths)


def test_a_loss_that_reads_lengths_from_the_batch_stays_right() -> None:
    def make(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        targets = torch.randint(1, 6, (n, 4), generator=generator)
        keep = torch.randint(1, 5, (n, 1), generator=generator)
        return torch.randn(n, 9, 5, generator=generator), targets * (torch.arange(4) < keep)

    torch.manual_seed(1)
    both(nn.Linear(5, 6), Functional(loss=connectionist), make)


def test_a_tape_that_cannot_be_played_is_given_up() -> None:
    state, plain = (make_state(MLP(in_features=5, out_features=3)) for _ in range(2))
    plain.model.load_state_dict(state.model.state_dict())
    batches = make_batches(rows(5), [6] * 6)
    step = recorded(state)
    assert isinstance(step, RecordedStep)
    train(step, state, batches[:2])
    (tape,) = step.tapes.by_shape.values()
    assert tape is not None
    tape.replay = lambda *tensors: 1 / 0  # type: ignore[assignment, return-value]
    train(step, state, batches[2:])
    train(train_step, plain, batches)
    assert step.tapes.given_up
    left, right = state.model.state_dict(), plain.model.state_dict()
    assert all(torch.equal(left[name], right[name]) for name in left)


def test_a_constant_is_noticed_by_its_value_alone() -> None:
    torch.manual_seed(1)
    batches = make_batches(rows(5), [6] * 12)
    states = [make_state(Net())]
    states.append(make_state(copy.deepcopy(states[0].model)))
    step = recorded(states[1])
    assert isinstance(step, RecordedStep)
    for number, batch in enumerate(batches):
        for state, update in zip(states, (train_step, step), strict=True):
            state.model.share = float(f"{0.25 if number < 8 else 0.5}")  # type: ignore[assignment]  # another object
            train(update, state, [batch])
        seen = sum(tape.seen for tape in step.tapes.by_shape.values() if tape is not None)
        assert seen == (1 if number == 0 else 2) + (number >= 8)
    assert_same(*states)
    assert step.tapes.why_not is None
