"""Evaluation: exact over samples, and nothing left changed."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from seedbed.batch import Batch
from seedbed.evaluate import evaluate, evaluation_mode
from seedbed.nonfinite import describe_non_finite
from seedbed.objectives.classification import Classification
from seedbed.state import TrainState
from seedbed.stopping import StopRequested


def batches(inputs: Tensor, targets: Tensor, size: int) -> list[Batch]:
    return [
        Batch(inputs[i : i + size], targets[i : i + size], np.arange(i, min(i + size, len(inputs))))
        for i in range(0, len(inputs), size)
    ]


@pytest.fixture
def data() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(23, 6, generator=generator), torch.randint(0, 3, (23,), generator=generator)


@pytest.mark.parametrize("size", [1, 4, 22, 23, 100])
def test_the_batch_size_does_not_change_the_result(data: tuple[Tensor, Tensor], size: int) -> None:
    model = nn.Linear(6, 3)
    objective = Classification(metrics=["accuracy", "f1"])
    whole = evaluate(model, objective, batches(*data, 23))
    parts = evaluate(model, objective, batches(*data, size))
    assert parts["accuracy"] == whole["accuracy"]
    assert parts["f1"] == whole["f1"]
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-6)
    with torch.no_grad():
        assert whole["loss"] == pytest.approx(float(nn.functional.cross_entropy(model(data[0]), data[1])), rel=1e-6)


def test_modes_gradients_buffers_and_generators_are_left_as_they_were(data: tuple[Tensor, Tensor]) -> None:
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))
    model.train()
    model[1].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = (random.random(), np.random.random(), float(torch.rand(())))
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    evaluate(model, Classification(), batches(*data, 5))
    assert (random.random(), np.random.random(), float(torch.rand(()))) == expected
    assert [module.training for module in model] == [True, False, True, True]
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_mode_is_restored_when_a_pass_is_left_early(data: tuple[Tensor, Tensor]) -> None:
    model = nn.Sequential(nn.Linear(6, 3), nn.Dropout(0.5))

    def stop() -> None:
        raise StopRequested("now")

    with pytest.raises(StopRequested):
        evaluate(model, Classification(), batches(*data, 5), poll=stop)
    assert model[1].training
    assert torch.is_grad_enabled()


def test_evaluation_mode_has_no_gradients() -> None:
    model = nn.Linear(2, 1)
    with evaluation_mode(model):
        assert not model.training
        assert not model(torch.ones(1, 2)).requires_grad


def make_state(model: nn.Module) -> TrainState:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return TrainState(
        model=model, objective=Classification(), optimizers={"main": optimizer}, device=torch.device("cpu")
    )


class Root(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x - 100).sqrt()


def test_the_first_module_that_is_not_finite_is_named(data: tuple[Tensor, Tensor]) -> None:
    model = nn.Sequential(nn.Linear(6, 3), Root(), nn.Linear(3, 3))
    text = describe_non_finite(make_state(model), batches(*data, 23))
    assert "'1' (Root)" in text


def test_a_broken_weight_is_named_before_any_module(data: tuple[Tensor, Tensor]) -> None:
    model = nn.Linear(6, 3)
    with torch.no_grad():
        model.bias[0] = float("nan")
    assert "parameter 'bias'" in describe_non_finite(make_state(model), batches(*data, 23))


def test_samples_that_are_not_finite_are_named(data: tuple[Tensor, Tensor]) -> None:
    data[0][7, 2] = float("inf")
    assert "sample 7 " in describe_non_finite(make_state(nn.Linear(6, 3)), batches(*data, 23))
