"""Regression."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import ConfigError, DataError
from seedbed.objectives.regression import Regression


def measure(objective, outputs, targets):
    return objective(nn.Identity(), Batch(outputs, targets, np.arange(len(targets)))).loss


@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 3), (5, 2, 2)])
def test_losses_are_torchs(shape):
    outputs, targets = torch.randn(shape), torch.randn(shape)
    assert torch.equal(measure(Regression(), outputs, targets), F.mse_loss(outputs, targets))
    assert torch.equal(measure(Regression(loss="l1"), outputs, targets), F.l1_loss(outputs, targets))
    huber = Regression(loss="huber", delta=0.3)
    assert torch.equal(measure(huber, outputs, targets), F.huber_loss(outputs, targets, delta=0.3))


@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 3)])
def test_gaussian_nll_is_torchs(shape):
    targets = torch.randn(shape)
    mean, log_variance = torch.randn(shape), torch.randn(shape)
    stack = torch.stack if len(shape) == 1 else torch.cat
    objective = Regression(loss="gaussian_nll", metrics=["mae"])
    outputs = stack([mean, log_variance], -1)
    expected = F.gaussian_nll_loss(mean, targets, log_variance.exp())
    torch.testing.assert_close(measure(objective, outputs, targets), expected)
    metric = objective.metrics()["mae"]
    metric.update(outputs, Batch(None, targets, np.arange(5)))
    assert metric.compute() == pytest.approx(float((mean - targets).abs().mean()))


def test_gaussian_predictions_have_a_standard_deviation():
    found = Regression(loss="gaussian_nll").predictions(torch.tensor([[1.0, 0.0], [2.0, 2.0]]))
    assert found["value"].tolist() == [1.0, 2.0]
    torch.testing.assert_close(found["std"], torch.tensor([1.0, torch.e]))


@pytest.mark.parametrize(
    ("outputs", "targets", "cure"),
    [
        (torch.zeros(4, 1), torch.zeros(4), "set squeeze=true"),
        (torch.zeros(4), torch.zeros(4, 1), "drop the targets' last dimension"),
        (torch.zeros(4, 3), torch.zeros(4, 2), r"make the model's outputs \(4, 2\)"),
        (torch.zeros(1), torch.zeros(4), r"make the model's outputs \(4,\)"),
    ],
)
def test_nothing_broadcasts(outputs, targets, cure):
    with pytest.raises(DataError, match=cure):
        measure(Regression(), outputs, targets)


def test_shapes_are_checked_in_every_batch():
    objective = Regression()
    measure(objective, torch.zeros(4), torch.zeros(4))
    with pytest.raises(DataError, match="squeeze"):
        measure(objective, torch.zeros(4, 1), torch.zeros(4))


@pytest.mark.parametrize("dtype", [torch.int64, torch.float64, torch.uint8])
def test_targets_of_any_type_train(dtype):
    outputs = torch.zeros(3, requires_grad=True)
    loss = measure(Regression(), outputs, torch.tensor([1, 2, 3], dtype=dtype))
    loss.backward()
    assert loss.dtype == torch.float32
    assert outputs.grad.tolist() == pytest.approx([-2 / 3, -4 / 3, -2.0])


def test_a_target_that_is_not_finite_is_named_with_its_sample():
    with pytest.raises(DataError, match="the target of sample 2 is nan"):
        measure(Regression(), torch.zeros(3), torch.tensor([0.0, 1.0, torch.nan]))


def test_the_mean_is_over_elements():
    assert Regression().weight(Batch(None, torch.zeros(4, 3), np.arange(4))) == 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"loss": "rmse"}, "no loss 'rmse'"), ({"delta": 0.0}, "delta"), ({"metrics": ["accuracy"]}, "not for real")],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Regression(**arguments)


@pytest.mark.parametrize("loss", ["mse", "gaussian_nll"])
def test_normalised_targets_are_reported_in_their_own_unit(loss):
    objective = Regression(loss=loss, metrics=["mae", "r2"])
    objective.report_in_units(lambda values: values * 10 + 100)
    targets = torch.tensor([0.0, 1.0, 2.0])
    outputs = torch.tensor([0.5, 1.0, 2.0])
    outputs = torch.stack([outputs, torch.zeros(3)], 1) if loss == "gaussian_nll" else outputs
    metrics = objective.metrics()
    for metric in metrics.values():
        metric.update(outputs, Batch(None, targets, np.arange(3)))
    assert metrics["mae"].compute() == pytest.approx(5 / 3)
    assert metrics["r2"].compute() == pytest.approx(1 - 0.25 / 2)
    found = objective.predictions(outputs)
    assert found["value"].tolist() == [105, 110, 120]
    if loss == "gaussian_nll":
        assert found["std"].tolist() == [10, 10, 10]
    plain = Regression(loss=loss)
    assert torch.equal(measure(objective, outputs, targets), measure(plain, outputs, targets))
