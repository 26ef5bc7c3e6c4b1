"""Objectives from plain functions."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import ConfigError, DataError, TrainingError
from seedbed.objectives.classification import Classification
from seedbed.objectives.functional import LOSSES, Functional, from_callable, from_name
from seedbed.objectives.task import Task


def nll_loss(output, target):
    return F.nll_loss(output, target)


def accuracy(output, target):
    return (output.argmax(1) == target).sum().item() / len(target)


def make_batch(num, first=0):
    torch.manual_seed(first)
    return Batch(torch.randn(num, 3).log_softmax(1), torch.randint(3, (num,)), np.arange(first, first + num))


def test_a_projects_own_loss_and_metrics_are_called_as_they_are():
    objective = Functional(loss=nll_loss, metrics=[accuracy])
    batch = make_batch(8)
    outcome = objective(nn.Identity(), batch)
    assert torch.equal(outcome.loss, F.nll_loss(batch.inputs, batch.targets))
    assert list(objective.metrics()) == ["accuracy"]
    assert objective.weight(batch) == 8


def test_a_short_last_batch_weighs_what_it_should():
    metric = Functional(loss=nll_loss, metrics=[accuracy]).metrics()["accuracy"]
    batches = [make_batch(8), make_batch(8, 8), make_batch(1, 16)]
    for batch in batches:
        metric.update(batch.inputs, batch)
    outputs, targets = torch.cat([b.inputs for b in batches]), torch.cat([b.targets for b in batches])
    assert metric.compute() == pytest.approx(accuracy(outputs, targets), abs=1e-15)


def test_a_metric_may_give_a_tensor_and_must_give_one_number():
    objective = Functional(loss=nll_loss, metrics=[lambda o, t: o.mean()])
    (metric,) = objective.metrics().values()
    metric.update(torch.tensor([[2.0]]), make_batch(1))
    assert metric.compute() == 2.0
    for wrong, message in [(lambda o, t: o, "shape"), (lambda o, t: "x", "a str"), (lambda o, t: None, "a NoneType")]:
        (metric,) = Functional(loss=nll_loss, metrics=[wrong]).metrics().values()
        with pytest.raises(TrainingError, match=message):
            metric.update(torch.zeros(2, 2), make_batch(2))


def test_a_module_loss_follows_the_objective():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("scale", torch.tensor(2.0))

        def forward(self, output, target):
            return self.scale * F.nll_loss(output, target)

    objective = from_callable(Scaled())
    assert objective.double().loss.scale.dtype == torch.float64


@pytest.mark.parametrize(
    "loss",
    [
        nn.CrossEntropyLoss(),
        nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]), label_smoothing=0.1),
        nn.CrossEntropyLoss(ignore_index=1),
        nn.NLLLoss(weight=torch.tensor([1.0, 2.0, 3.0])),
        F.cross_entropy,
        F.nll_loss,
    ],
)
def test_torchs_class_losses_know_metrics_and_what_their_mean_is_over(loss):
    objective = from_callable(loss, metrics=["accuracy", "f1"])
    batch = make_batch(9)
    assert isinstance(objective, Classification)
    torch.testing.assert_close(objective(nn.Identity(), batch).loss, loss(batch.inputs, batch.targets))
    assert list(objective.metrics()) == ["accuracy", "f1"]


def test_plain_cross_entropy_gives_torchs_bits():
    batch = make_batch(33)
    for loss in (nn.CrossEntropyLoss(), nn.NLLLoss()):
        assert torch.equal(from_callable(loss)(nn.Identity(), batch).loss, loss(batch.inputs, batch.targets))


@pytest.mark.parametrize("loss", [nn.MSELoss(), nn.L1Loss(), nn.HuberLoss(delta=0.2), F.mse_loss, F.l1_loss])
def test_torchs_value_losses_do_not_broadcast(loss):
    objective = from_callable(loss, metrics=["mae"])
    outputs, targets = torch.randn(4, 2), torch.randn(4, 2)
    assert torch.equal(objective(nn.Identity(), Batch(outputs, targets, np.arange(4))).loss, loss(outputs, targets))
    with pytest.raises(DataError, match="broadcasting"):
        objective(nn.Identity(), Batch(torch.zeros(4, 1), torch.zeros(4), np.arange(4)))


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (nn.CrossEntropyLoss(reduction="sum"), "use reduction='mean'"),
        (nn.SmoothL1Loss(reduction="none"), "reduction='none'"),
        (functools.partial(F.mse_loss, reduction="sum"), "the loss mse_loss has reduction='sum'"),
        (nn.MSELoss, r"write MSELoss\(\)"),
        (3, "must be a function"),
    ],
)
def test_a_loss_that_is_no_mean_is_refused_with_the_cure(loss, message):
    with pytest.raises(ConfigError, match=message):
        from_callable(loss)


def test_a_loss_that_gives_no_scalar_is_refused():
    for wrong, found in [(lambda o, t: o, r"shape \(2, 3\)"), (lambda o, t: 1.0, "a float")]:
        with pytest.raises(ConfigError, match=found):
            from_callable(wrong)(nn.Identity(), make_batch(2))


def test_a_metric_by_name_needs_to_know_the_outputs():
    with pytest.raises(ConfigError, match="does not know what its outputs are"):
        from_callable(nll_loss, metrics=["accuracy"])


@pytest.mark.parametrize("name", LOSSES)
def test_every_named_loss_makes_an_objective(name):
    assert isinstance(from_name(name), Task)
    assert from_name(name, metrics=[]).metrics() == {}


def test_an_unknown_loss_comes_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'cross_entropy'"):
        from_name("crossentropy")


def test_an_objective_passes_through():
    objective = Classification()
    assert from_callable(objective) is objective
