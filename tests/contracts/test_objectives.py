"""What every objective promises, one after the other."""

from __future__ import annotations

import copy
import functools
import inspect
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from seedbed.batch import Batch
from seedbed.errors import SeedbedError
from seedbed.loop import train_step
from seedbed.objectives.binary import Binary, MultiLabel
from seedbed.objectives.classification import Classification
from seedbed.objectives.functional import Functional, from_callable
from seedbed.objectives.hinge import MultiClassHinge
from seedbed.objectives.language import LanguageModeling
from seedbed.objectives.regression import Regression
from seedbed.state import TrainState

CLASSES, FEATURES, LENGTH = 4, 5, 3


def linear(outputs):
    return nn.Linear(FEATURES, outputs)


def classes(num, ignored=False):
    targets = torch.randint(CLASSES, (num,))
    return targets.masked_fill(torch.rand(num) < 0.5, -1) if ignored else targets


def tokens(num):
    return torch.randint(CLASSES, (num, LENGTH)).masked_fill(torch.rand(num, LENGTH) < 0.5, -100)


def plain_nll(output, target):
    return nn.functional.nll_loss(output.log_softmax(1), target)


WEIGHTS = [0.5, 1.0, 3.0, 0.0]
ignored = functools.partial(classes, ignored=True)


def pixels(num):
    return torch.randint(CLASSES, (num, LENGTH))


class PixelModel(nn.Module):
    """(B, LENGTH, FEATURES) → (B, CLASSES, LENGTH)."""

    def __init__(self):
        super().__init__()
        self.linear = linear(CLASSES)

    def forward(self, x):
        return self.linear(x).transpose(1, 2)


# objective, model, shape of one sample's inputs, targets
OBJECTIVES = {
    "cross_entropy": (Classification, lambda: linear(CLASSES), (FEATURES,), classes),
    "cross_entropy-smooth": (
        lambda: Classification(label_smoothing=0.1, class_weights=[0.5, 1.0, 3.0, 0.1], ignore_index=-1),
        lambda: linear(CLASSES),
        (FEATURES,),
        ignored,
    ),
    "cross_entropy-weights": (
        lambda: Classification(class_weights=WEIGHTS),
        lambda: linear(CLASSES),
        (FEATURES,),
        classes,
    ),
    "cross_entropy-ignore": (lambda: Classification(ignore_index=-1), lambda: linear(CLASSES), (FEATURES,), ignored),
    "cross_entropy-soft": (
        Classification,
        lambda: linear(CLASSES),
        (FEATURES,),
        lambda n: torch.randn(n, CLASSES).softmax(1),
    ),
    "cross_entropy-pixels": (Classification, PixelModel, (LENGTH, FEATURES), pixels),
    "nll": (
        lambda: Classification(loss="nll", ignore_index=-1),
        lambda: nn.Sequential(linear(CLASSES), nn.LogSoftmax(1)),
        (FEATURES,),
        ignored,
    ),
    "hinge": (lambda: Classification(loss="hinge"), lambda: linear(CLASSES), (FEATURES,), classes),
    "svm": (lambda: MultiClassHinge(l2=0.1), lambda: linear(CLASSES), (FEATURES,), classes),
    "svm-crammer": (
        lambda: MultiClassHinge(kind="crammer_singer", p=2),
        lambda: linear(CLASSES),
        (FEATURES,),
        classes,
    ),
    "binary": (lambda: Binary(pos_weight=2.0), lambda: linear(1), (FEATURES,), lambda n: torch.randint(2, (n,))),
    "multilabel": (
        lambda: MultiLabel(pos_weight=[1, 2, 3]),
        lambda: linear(3),
        (FEATURES,),
        lambda n: torch.randint(2, (n, 3)),
    ),
    "mse": (Regression, lambda: linear(2), (FEATURES,), lambda n: torch.randn(n, 2)),
    "l1": (lambda: Regression(loss="l1"), lambda: linear(2), (FEATURES,), lambda n: torch.randn(n, 2)),
    "huber": (lambda: Regression(loss="huber"), lambda: linear(2), (FEATURES,), lambda n: torch.randn(n, 2)),
    "gaussian_nll": (
        lambda: Regression(loss="gaussian_nll"),
        lambda: linear(2),
        (FEATURES,),
        lambda n: torch.randn(n),
    ),
    "language": (LanguageModeling, lambda: linear(CLASSES), (LENGTH, FEATURES), tokens),
    "functional": (lambda: Functional(loss=plain_nll), lambda: linear(CLASSES), (FEATURES,), classes),
    "torch-module": (
        lambda: from_callable(nn.CrossEntropyLoss(weight=torch.tensor(WEIGHTS), ignore_index=-1)),
        lambda: linear(CLASSES),
        (FEATURES,),
        ignored,
    ),
}


@pytest.fixture(params=OBJECTIVES)
def case(request):
    make, make_model, shape, make_targets = OBJECTIVES[request.param]
    torch.manual_seed(0)

    def make_batch(num, seed=0):
        torch.manual_seed(seed)
        return Batch(torch.randn(num, *shape), make_targets(num), np.arange(num))

    return make(), make_model(), make_batch


def cut(batch, bounds):
    return [Batch(batch.inputs[a:b], batch.targets[a:b], batch.indices[a:b]) for a, b in itertools.pairwise(bounds)]


def gradients(objective, model, batches):
    """Update from micro-batches with the loop's own step; the gradients that it made and the loss."""
    model = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    state = TrainState(
        model=model, objective=objective, optimizers={"main": optimizer}, device=torch.device("cpu"), non_finite="skip"
    )
    record = train_step(state, batches)
    return record.loss, [parameter.grad for parameter in model.parameters()]


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(num=st.integers(2, 12), cuts=st.lists(st.integers(1, 11), max_size=4), seed=st.integers(0, 1000))
def test_micro_batches_make_exactly_the_large_batch(case, num, cuts, seed):
    objective, model, make_batch = case
    batch = make_batch(num, seed)
    if float(objective.weight(batch)) == 0:
        return
    bounds = sorted({0, num, *(c for c in cuts if c < num)})
    whole_loss, whole = gradients(objective, model, [batch])
    loss, parts = gradients(objective, model, cut(batch, bounds))
    torch.testing.assert_close(loss, whole_loss, atol=1e-5, rtol=1e-5)
    for one, other in zip(parts, whole, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_every_parameter_gets_a_finite_gradient_and_the_loss_is_a_scalar(case):
    objective, model, make_batch = case
    outcome = objective(model, make_batch(8))
    assert outcome.loss.shape == ()
    assert outcome.loss.dtype == torch.float32
    outcome.loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_the_same_batch_gives_the_same_bits_and_inputs_stay(case):
    objective, model, make_batch = case
    batch = make_batch(6)
    inputs, targets = batch.inputs.clone(), batch.targets.clone()
    assert torch.equal(objective(model, batch).loss, objective(model, batch).loss)
    assert torch.equal(batch.inputs, inputs)
    assert torch.equal(batch.targets, targets)


def test_bfloat16_autocast_gives_a_float32_loss_close_to_the_real_one(case):
    objective, model, make_batch = case
    batch = make_batch(8)
    exact = objective(model, batch).loss
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = objective(model, batch).loss
    loss.backward()
    torch.testing.assert_close(loss.float(), exact, atol=0.05, rtol=0.05)
    if not isinstance(objective, Functional):
        assert loss.dtype == torch.float32


def test_it_can_be_copied_saved_and_moved(case):
    objective, model, make_batch = case
    batch = make_batch(6)
    other = copy.deepcopy(objective)
    other.load_state_dict(objective.state_dict())
    assert torch.equal(other(model, batch).loss, objective(model, batch).loss)
    moved = copy.deepcopy(objective).to("meta")
    assert all(buffer.device.type == "meta" for buffer in moved.buffers())


def test_metrics_are_fresh_and_give_numbers(case):
    objective, model, make_batch = case
    batch = make_batch(8)
    outputs = objective(model.eval(), batch).outputs
    for name, metric in objective.metrics().items():
        metric.update(outputs, batch)
        assert math.isfinite(metric.compute()), name
    assert all(math.isnan(metric.compute()) for metric in objective.metrics().values())


def test_metrics_keep_no_graph(case):
    objective, model, make_batch = case
    batch = make_batch(8)
    outputs = objective(model, batch).outputs
    for metric in objective.metrics().values():
        metric.update(outputs, batch)
        tensors = [value for value in vars(metric).values() if isinstance(value, torch.Tensor)]
        assert not any(tensor.requires_grad for tensor in tensors)


def test_predictions_have_one_row_a_sample(case):
    objective, model, make_batch = case
    with torch.no_grad():
        outputs = objective(model, make_batch(6)).outputs
    found = objective.predictions(outputs)
    assert found
    assert all(len(value) == 6 for value in found.values())


def test_outputs_that_make_no_sense_are_refused_in_one_sentence(case):
    objective, _, make_batch = case
    if isinstance(objective, Functional):
        pytest.skip("a plain function checks for itself")
    batch = make_batch(6)
    for wrong in (torch.zeros(6, 9, 9, 9), torch.zeros(5), (torch.zeros(6, 4),), None):
        with pytest.raises(SeedbedError):
            objective.measure(wrong, batch)


def test_arguments_are_by_keyword_and_documented(case):
    objective, _, _ = case
    parameters = inspect.signature(type(objective)).parameters
    assert all(p.kind is p.KEYWORD_ONLY and p.annotation is not p.empty for p in parameters.values())
    text = inspect.getdoc(type(objective))
    assert all(f"{name}:" in text for name in parameters)
    assert "utputs" in text
