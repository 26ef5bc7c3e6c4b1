"""Classification."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import ConfigError, DataError
from seedbed.objectives.classification import Classification


def make_batch(targets, inputs=None, first=0):
    targets = torch.as_tensor(targets)
    inputs = torch.zeros(len(targets), 1) if inputs is None else inputs
    return Batch(inputs, targets, np.arange(first, first + len(targets)))


def measure(objective, outputs, targets):
    return objective(nn.Identity(), make_batch(targets, outputs)).loss


WEIGHTS = [0.5, 1.0, 2.0, 0.0]


@pytest.mark.parametrize(("smoothing", "weights"), [(0.0, None), (0.1, None), (0.0, WEIGHTS), (0.1, [0.5, 1, 2, 3])])
@pytest.mark.parametrize("ignore", [None, -1, 2])
def test_cross_entropy_is_torchs(smoothing, weights, ignore):
    outputs, targets = torch.randn(9, 4), torch.tensor([0, 1, 2, 3, 0, 1, 2, 3, 0])
    if ignore == -1:
        targets[3] = -1
    objective = Classification(label_smoothing=smoothing, class_weights=weights, ignore_index=ignore)
    expected = F.cross_entropy(
        outputs,
        targets,
        None if weights is None else torch.tensor(weights),
        ignore_index=-100 if ignore is None else ignore,
        label_smoothing=smoothing,
    )
    torch.testing.assert_close(measure(objective, outputs, targets), expected)


def test_nll_and_hinge_are_torchs():
    outputs, targets = torch.randn(6, 3).log_softmax(1), torch.tensor([0, 1, 2, 0, 1, 2])
    nll = Classification(loss="nll", class_weights=[1.0, 2.0, 3.0])
    torch.testing.assert_close(
        measure(nll, outputs, targets), F.nll_loss(outputs, targets, torch.tensor([1.0, 2.0, 3.0]))
    )
    hinge = Classification(loss="hinge")
    assert torch.equal(measure(hinge, outputs, targets), F.multi_margin_loss(outputs, targets))


def test_class_probabilities_are_targets_too():
    outputs, targets = torch.randn(5, 3), torch.randn(5, 3).softmax(1)
    objective = Classification()
    assert torch.equal(measure(objective, outputs, targets), F.cross_entropy(outputs, targets))
    assert objective.weight(make_batch(targets)) == 5


def test_one_class_a_pixel_is_torchs_spatial_loss():
    outputs, targets = torch.randn(2, 3, 4, 5), torch.randint(3, (2, 4, 5))
    objective = Classification()
    torch.testing.assert_close(measure(objective, outputs, targets), F.cross_entropy(outputs, targets))
    assert objective.weight(make_batch(targets)) == 40


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int16])
def test_labels_of_any_integer_type_are_the_same(dtype):
    outputs, targets = torch.randn(4, 3), torch.tensor([0, 1, 2, 1])
    plain = measure(Classification(class_weights=[1, 2, 3]), outputs, targets)
    batch = make_batch(targets.to(dtype))
    assert torch.equal(plain, measure(Classification(class_weights=[1, 2, 3]), outputs, batch.targets))
    assert Classification(class_weights=[1, 2, 3]).weight(batch) == 8


def test_a_batch_that_is_ignored_altogether_has_loss_zero_and_weight_zero():
    outputs = torch.randn(3, 4, requires_grad=True)
    objective = Classification(ignore_index=-1)
    loss = measure(objective, outputs, torch.tensor([-1, -1, -1]))
    loss.backward()
    assert loss == 0
    assert objective.weight(make_batch([-1, -1, -1])) == 0
    assert torch.equal(outputs.grad, torch.zeros(3, 4))


def test_the_label_after_the_last_is_named_with_its_sample():
    with pytest.raises(DataError, match=r"sample 12 has the label 10, .* 10 outputs.*give the model 11 outputs"):
        Classification()(nn.Identity(), make_batch([0, 3, 10], torch.randn(3, 10), first=10))


def test_a_wrong_label_in_a_later_batch_is_named_as_well():
    for weights in (None, [1.0] * 10):
        objective = Classification(class_weights=weights)
        objective(nn.Identity(), make_batch([0, 3], torch.randn(2, 10)))
        batch = make_batch([1, 12], torch.randn(2, 10))
        with pytest.raises(DataError, match="sample 1 has the label 12"):
            objective(nn.Identity(), batch)
    with pytest.raises(DataError, match="sample 1 has the label 12"):
        objective.weight(batch)


def test_a_negative_label_is_told_of_ignore_index():
    with pytest.raises(DataError, match=r"label -1.*set ignore_index=-1"):
        measure(Classification(), torch.randn(2, 3), torch.tensor([0, -1]))


@pytest.mark.parametrize(
    ("outputs", "targets", "cure"),
    [
        (torch.zeros(4, 3), torch.zeros(4), "use the objective Regression"),
        (torch.zeros(4, 3), torch.zeros(4, 3, dtype=torch.long), "look one-hot"),
        (torch.zeros(4, 3), torch.zeros(4, 1, dtype=torch.long), "squeeze"),
        (torch.zeros(4, 1), torch.zeros(4, 1, dtype=torch.long), "use the objective Binary"),
        (torch.zeros(4), torch.zeros(4, dtype=torch.long), "use the objective Binary"),
        (torch.zeros(4, 5, 3), torch.zeros(4, 5, dtype=torch.long), "use the objective LanguageModeling"),
        (torch.zeros(4, 3), torch.zeros(5, dtype=torch.long), r"\(4, 3\).*\(5,\)"),
    ],
)
def test_shapes_that_do_not_fit_come_with_the_likely_cure(outputs, targets, cure):
    with pytest.raises(DataError, match=cure):
        measure(Classification(), outputs, targets)


def test_a_model_that_gives_a_tuple_is_an_error_that_says_so():
    with pytest.raises(DataError, match="the outputs are a tuple"):
        Classification()(nn.Identity(), Batch((torch.zeros(2, 2),), torch.zeros(2, dtype=torch.long), np.arange(2)))
    with pytest.raises(DataError, match="the targets are a dict"):
        Classification()(nn.Identity(), Batch(torch.zeros(2, 2), {}, np.arange(2)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": "mse"}, "no loss 'mse'"),
        ({"label_smoothing": 2.0}, "from 0 to 1, not 2.0"),
        ({"label_smoothing": 0.1, "loss": "nll"}, "not for nll"),
        ({"loss": "hinge", "ignore_index": 0}, "not for hinge"),
        ({"class_weights": [1.0, -1.0]}, "class_weights must be"),
        ({"class_weights": [1.0, 0.0], "label_smoothing": 0.1}, "no mean is exact"),
        ({"class_weights": [1.0], "num_classes": 3}, "1 class_weights for num_classes=3"),
        ({"metrics": ["acuracy"]}, "did you mean 'accuracy'"),
        ({"metrics": ["mae"]}, "'mae' is for real values, not for one class a sample"),
        ({"metrics": "accuracy"}, "must be a list"),
        ({"metrics": ["f1", "f1"]}, "two metrics are called 'f1'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Classification(**arguments)


def test_a_model_with_another_number_of_outputs_is_refused():
    with pytest.raises(ConfigError, match="num_classes is 10, but the model has 3 outputs"):
        measure(Classification(num_classes=10), torch.randn(2, 3), torch.tensor([0, 1]))
    with pytest.raises(ConfigError, match="2 class_weights for a model with 3 outputs"):
        measure(Classification(class_weights=[1, 1]), torch.randn(2, 3), torch.tensor([0, 1]))


def test_half_precision_outputs_give_a_float32_loss():
    loss = measure(Classification(), torch.randn(4, 3).bfloat16(), torch.tensor([0, 1, 2, 0]))
    assert loss.dtype == torch.float32


def test_predictions_are_the_class_and_its_probability():
    outputs = torch.tensor([[0.0, 2.0], [3.0, 1.0]])
    found = Classification().predictions(outputs)
    assert found["class"].tolist() == [1, 0]
    torch.testing.assert_close(found["probabilities"], outputs.softmax(1))
    torch.testing.assert_close(found["probability"], outputs.softmax(1).amax(1))
    logs = Classification(loss="nll").predictions(outputs.log_softmax(1))
    torch.testing.assert_close(logs["probabilities"], outputs.softmax(1))
    assert "probability" not in Classification(loss="hinge").predictions(outputs)


def test_metrics_are_fresh_each_time():
    objective = Classification(metrics=["accuracy"])
    batch = make_batch([1, 0])
    first = objective.metrics()["accuracy"]
    first.update(torch.tensor([[0.0, 1.0], [0.0, 1.0]]), batch)
    assert first.compute() == 0.5
    assert np.isnan(objective.metrics()["accuracy"].compute())
