"""What metrics do with nothing, with ties, with NaN and with elements that don't count."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from seedbed.batch import Batch
from seedbed.errors import ConfigError
from seedbed.objectives.binary import Binary
from seedbed.objectives.classification import Classification
from seedbed.objectives.metrics.table import METRICS, find_metric, known_metrics
from seedbed.objectives.regression import Regression


def compute(objective, outputs, targets):
    (metric,) = objective.metrics().values()
    metric.update(outputs, Batch(None, targets, np.arange(len(targets))))
    return metric.compute()


@pytest.mark.parametrize("name", known_metrics("classes"))
def test_without_samples_there_is_no_number(name):
    value = Classification(metrics=[name]).metrics()[name].compute()
    assert value == [] or math.isnan(value)


@pytest.mark.parametrize("name", known_metrics("classes"))
def test_elements_that_are_ignored_do_not_count(name):
    outputs, targets = torch.randn(12, 4), torch.arange(12) % 4
    some = targets.clone()
    some[8:] = -1
    objective = Classification(metrics=[name], ignore_index=-1)
    assert compute(objective, outputs, some) == compute(objective, outputs[:8], targets[:8])


@pytest.mark.parametrize("name", ["accuracy", "top2", "perplexity", "auroc"])
def test_nothing_but_ignored_elements_gives_nan(name):
    objective = Classification(metrics=[name], ignore_index=-1)
    assert math.isnan(compute(objective, torch.randn(3, 4), torch.full((3,), -1)))


def test_a_model_that_says_the_same_for_all_classes_gets_no_full_marks():
    outputs, targets = torch.zeros(8, 8), torch.arange(8)
    assert compute(Classification(metrics=["top2"]), outputs, targets) == 0.25
    assert compute(Classification(metrics=["accuracy"]), outputs, targets) == 0.125
    assert compute(Classification(metrics=["auroc"]), outputs, targets) == 0.5


def test_nan_is_never_a_hit():
    outputs, targets = torch.full((3, 4), torch.nan), torch.tensor([0, 1, 2])
    assert compute(Classification(metrics=["top3"]), outputs, targets) == 0.0
    assert math.isnan(compute(Classification(metrics=["auroc"]), outputs, targets))
    assert math.isnan(compute(Binary(metrics=["auroc"]), outputs[:, 0], torch.tensor([0, 1, 1])))
    assert math.isnan(compute(Regression(metrics=["r2"]), torch.full((3,), torch.nan), torch.zeros(3)))
    assert math.isnan(compute(Regression(metrics=["mae"]), torch.full((3,), torch.nan), torch.zeros(3)))


def test_a_constant_target_is_one_if_predicted_exactly_else_zero():
    targets = torch.full((3,), 0.1)
    assert compute(Regression(metrics=["r2"]), targets.clone(), targets) == 1.0
    assert compute(Regression(metrics=["r2"]), targets + 1, targets) == 0.0
    assert math.isnan(compute(Regression(metrics=["r2"]), targets[:1], targets[:1]))


def test_a_large_mean_costs_r2_no_digits():
    targets = torch.arange(1000).double() + 1e9
    (metric,) = Regression(metrics=["r2"]).metrics().values()
    for start in range(0, 1000, 7):
        part = targets[start : start + 7]
        metric.update(part + 1, Batch(None, part, np.arange(len(part))))
    assert metric.compute() == pytest.approx(1 - 12 / (1000**2 - 1), abs=1e-14)


def test_a_perplexity_beyond_floats_is_infinite():
    outputs = torch.tensor([[0.0, 1e4]])
    assert compute(Classification(metrics=["perplexity"]), outputs, torch.tensor([0])) == math.inf


def test_batches_do_not_alias_what_the_caller_changes_later():
    (metric,) = Binary(metrics=["auroc"]).metrics().values()
    scores, targets = torch.tensor([0.1, 0.9], dtype=torch.float64), torch.tensor([0, 1])
    metric.update(scores, Batch(None, targets, np.arange(2)))
    scores.zero_()
    targets.zero_()
    assert metric.compute() == 1.0


def test_class_probabilities_count_by_their_largest():
    assert compute(Classification(metrics=["accuracy"]), torch.eye(3), torch.eye(3) * 0.9) == 1.0


def test_names_that_do_not_exist_or_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="did you mean 'recall'"):
        find_metric("recal", "classes", "Classification")
    with pytest.raises(ConfigError, match="'perplexity' is for one class a sample, not for real values; there are mae"):
        find_metric("perplexity", "values", "Regression")
    with pytest.raises(ConfigError, match="no metric 'top0'"):
        find_metric("top0", "classes", "Classification")
    assert find_metric("top-17", "classes", "Classification").kinds == ("classes",)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_for_something(name):
    assert METRICS[name].kinds


@pytest.mark.parametrize("name", ["accuracy", "top2", "f1", "precision", "confusion_matrix"])
def test_batches_that_wait_for_others_are_counted_wherever_somebody_looks(name):
    objective = Classification(metrics=[name], ignore_index=3)
    batches = [(torch.randn(n, 4), torch.randint(0, 4, (n,))) for n in (5, 1, 7, 5, 300, 2000, 3)]
    whole, parts, saved = (objective.metrics()[name] for _ in range(3))
    whole.update(torch.cat([x for x, _ in batches]), Batch(None, torch.cat([y for _, y in batches]), np.arange(2321)))
    for number, (outputs, targets) in enumerate(batches):
        parts.update(outputs.requires_grad_(), Batch(None, targets, np.arange(len(targets))))
        if number == 3:
            saved.load_state_dict(parts.state_dict())
        elif number > 3:
            saved.update(outputs, Batch(None, targets, np.arange(len(targets))))
    assert parts.compute() == whole.compute() == saved.compute() == parts.compute()


def test_batches_whose_rows_change_their_shape_are_counted_each_as_it_is():
    objective = Classification(metrics=["accuracy"])
    metric = objective.metrics()["accuracy"]
    right = total = 0
    for shape in [(3, 4), (5, 4), (2, 6), (2, 4, 3), (1, 4, 3), (3, 4)]:
        outputs = torch.randn(shape)
        targets = torch.randint(0, 4, (shape[0], *shape[2:]))
        metric.update(outputs, Batch(None, targets, np.arange(len(targets))))
        right, total = right + int((outputs.argmax(1) == targets).sum()), total + targets.numel()
    assert metric.compute() == right / total
