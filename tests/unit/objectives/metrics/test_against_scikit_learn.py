"""Every metric against scikit-learn on all samples at once, fed in batches of any sizes."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from seedbed.batch import Batch
from seedbed.objectives.binary import Binary, MultiLabel
from seedbed.objectives.classification import Classification
from seedbed.objectives.regression import Regression

CLASS_METRICS = {
    "accuracy": lambda y, p, s: oracle.accuracy_score(y, p),
    "confusion_matrix": lambda y, p, s: oracle.confusion_matrix(y, p, labels=range(s.shape[1])).tolist(),
    **{
        f"{name}{suffix}": lambda y, p, s, f=function, a=average: f(y, p, average=a, zero_division=0)
        for name, function in [
            ("precision", oracle.precision_score),
            ("recall", oracle.recall_score),
            ("f1", oracle.f1_score),
        ]
        for suffix, average in [("", "macro"), ("_macro", "macro"), ("_micro", "micro"), ("_weighted", "weighted")]
    },
    **{
        f"{name}_per_class": lambda y, p, s, f=function: list(
            f(y, p, average=None, labels=range(s.shape[1]), zero_division=0)
        )
        for name, function in [("precision", oracle.precision_score), ("recall", oracle.recall_score)]
    },
}


def compute(objective, outputs, targets, cuts):
    """All metrics of ``objective``, the samples cut into batches at ``cuts``."""
    found = objective.metrics()
    bounds = sorted({0, len(targets), *(cut % (len(targets) + 1) for cut in cuts)})
    for start, stop in itertools.pairwise(bounds):
        batch = Batch(None, targets[start:stop], np.arange(start, stop))
        for metric in found.values():
            metric.update(outputs[start:stop], batch)
    return {name: metric.compute() for name, metric in found.items()}


few = settings(max_examples=15, deadline=None)
sizes, cuts, seeds = st.integers(1, 40), st.lists(st.integers(0, 40), max_size=5), st.integers(0, 10_000)


def draw(seed, *shape, ties=False):
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return (values * 2).round() / 2 if ties else values


def draw_classes(seed, num, classes):
    return torch.randint(classes, (num,), generator=torch.Generator().manual_seed(seed + 1))


@few
@given(sizes, st.integers(2, 5), cuts, seeds)
def test_class_metrics(num, classes, cuts, seed):
    outputs, targets = draw(seed, num, classes), draw_classes(seed, num, classes)
    found = compute(Classification(metrics=list(CLASS_METRICS)), outputs, targets, cuts)
    predicted = outputs.argmax(1).numpy()
    for name, function in CLASS_METRICS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = function(targets.numpy(), predicted, outputs.numpy())
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-12, err_msg=name)


@few
@given(sizes, st.integers(2, 6), cuts, seeds)
def test_top_k(num, classes, cuts, seed):
    outputs, targets = draw(seed, num, classes), draw_classes(seed, num, classes)
    found = compute(Classification(metrics=["top2", "top_3", "top5"]), outputs, targets, cuts)
    for name, k in [("top2", 2), ("top_3", 3), ("top5", 5)]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scores = outputs[:, 1].numpy() if classes == 2 else outputs.numpy()
            if classes == 2:
                assert found[name] == 1.0
                continue
            expected = oracle.top_k_accuracy_score(targets.numpy(), scores, k=k, labels=range(classes))
        assert found[name] == pytest.approx(expected, abs=1e-12)


@few
@given(st.integers(2, 40), cuts, seeds, st.booleans())
def test_binary_metrics(num, cuts, seed, ties):
    outputs, targets = draw(seed, num, 1, ties=ties), draw_classes(seed, num, 2)
    names = ["accuracy", "precision", "recall", "f1", "f1_macro", "f1_micro", "auroc", "confusion_matrix"]
    found = compute(Binary(metrics=names), outputs, targets, cuts)
    true, predicted = targets.numpy(), (outputs[:, 0] > 0).long().numpy()
    assert found["accuracy"] == oracle.accuracy_score(true, predicted)
    assert found["precision"] == pytest.approx(oracle.precision_score(true, predicted, zero_division=0))
    assert found["recall"] == pytest.approx(oracle.recall_score(true, predicted, zero_division=0))
    assert found["f1"] == pytest.approx(oracle.f1_score(true, predicted, zero_division=0))
    assert found["f1_macro"] == pytest.approx(oracle.f1_score(true, predicted, average="macro", zero_division=0))
    assert found["f1_micro"] == pytest.approx(oracle.f1_score(true, predicted, average="micro"))
    assert found["confusion_matrix"] == oracle.confusion_matrix(true, predicted, labels=[0, 1]).tolist()
    if len(set(true)) == 2:
        assert found["auroc"] == pytest.approx(oracle.roc_auc_score(true, outputs[:, 0].numpy()), abs=1e-12)
    else:
        assert math.isnan(found["auroc"])


@few
@given(st.integers(2, 40), st.integers(2, 4), cuts, seeds)
def test_multilabel_metrics(num, labels, cuts, seed):
    outputs = draw(seed, num, labels)
    targets = torch.randint(2, (num, labels), generator=torch.Generator().manual_seed(seed))
    targets[0], targets[1] = 0, 1
    names = ["accuracy", "exact_match", "f1", "f1_micro", "f1_weighted", "precision", "auroc"]
    found = compute(MultiLabel(metrics=names), outputs, targets, cuts)
    true, predicted = targets.numpy(), (outputs > 0).long().numpy()
    assert found["accuracy"] == pytest.approx((true == predicted).mean())
    assert found["exact_match"] == pytest.approx(oracle.accuracy_score(true, predicted))
    assert found["f1"] == pytest.approx(oracle.f1_score(true, predicted, average="macro", zero_division=0))
    assert found["f1_micro"] == pytest.approx(oracle.f1_score(true, predicted, average="micro", zero_division=0))
    assert found["f1_weighted"] == pytest.approx(oracle.f1_score(true, predicted, average="weighted", zero_division=0))
    assert found["precision"] == pytest.approx(
        oracle.precision_score(true, predicted, average="macro", zero_division=0)
    )
    assert found["auroc"] == pytest.approx(oracle.roc_auc_score(true, outputs.numpy(), average="macro"), abs=1e-12)


@few
@given(st.integers(3, 5), st.integers(0, 30), cuts, seeds, st.booleans())
def test_auroc_of_several_classes_against_the_rest(classes, more, cuts, seed, ties):
    outputs = draw(seed, classes + more, classes, ties=ties).double()
    targets = torch.cat([torch.arange(classes), draw_classes(seed, more, classes)])
    found = compute(Classification(metrics=["auroc"]), outputs, targets, cuts)["auroc"]
    # ranked by log-probability, which keeps apart what probabilities round together
    expected = np.mean(
        [oracle.roc_auc_score(targets.numpy() == c, outputs.log_softmax(1)[:, c].numpy()) for c in range(classes)]
    )
    assert found == pytest.approx(expected, abs=1e-12)
    if not ties:
        probabilities = outputs.softmax(1).numpy()
        whole = oracle.roc_auc_score(targets.numpy(), probabilities, multi_class="ovr", average="macro")
        assert found == pytest.approx(whole, abs=1e-12)


@few
@given(st.integers(2, 40), st.integers(1, 3), cuts, seeds, st.sampled_from([0.0, 1e6]))
def test_value_metrics(num, width, cuts, seed, offset):
    outputs, targets = draw(seed, num, width).double() + offset, draw(seed + 1, num, width).double() + offset
    found = compute(Regression(metrics=["mae", "mse", "rmse", "r2"]), outputs, targets, cuts)
    true, predicted = targets.numpy(), outputs.numpy()
    mse = oracle.mean_squared_error(true, predicted)
    assert found["mae"] == pytest.approx(oracle.mean_absolute_error(true, predicted), rel=1e-12)
    assert found["mse"] == pytest.approx(mse, rel=1e-12)
    assert found["rmse"] == pytest.approx(math.sqrt(mse), rel=1e-12)
    assert found["r2"] == pytest.approx(oracle.r2_score(true, predicted), rel=1e-9, abs=1e-9)


@few
@given(sizes, st.integers(2, 5), cuts, seeds)
def test_perplexity(num, classes, cuts, seed):
    outputs, targets = draw(seed, num, classes), draw_classes(seed, num, classes)
    found = compute(Classification(metrics=["perplexity"]), outputs, targets, cuts)["perplexity"]
    loss = oracle.log_loss(targets.numpy(), outputs.double().softmax(1).numpy(), labels=range(classes))
    assert found == pytest.approx(math.exp(loss), rel=1e-6)
    logs = compute(Classification(loss="nll", metrics=["perplexity"]), outputs.log_softmax(1), targets, cuts)
    assert logs["perplexity"] == pytest.approx(found, rel=1e-6)


@few
@given(cuts, cuts, seeds)
def test_integer_metrics_have_the_same_bits_however_samples_are_cut(one, two, seed):
    outputs, targets = draw(seed, 30, 4), draw_classes(seed, 30, 4)
    objective = Classification(metrics=["accuracy", "f1", "auroc", "top2", "recall_per_class", "confusion_matrix"])
    assert compute(objective, outputs, targets, one) == compute(objective, outputs, targets, two)
