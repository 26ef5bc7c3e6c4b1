"""The multi-class hinge."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import ConfigError, DataError
from seedbed.models.linear import Linear
from seedbed.objectives.hinge import MultiClassHinge


def measure(objective, outputs, targets):
    return objective(nn.Identity(), Batch(outputs, targets, np.arange(len(targets)))).loss


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("margin", [1.0, 0.3])
def test_weston_watkins_is_torchs_multi_margin_loss(p, margin):
    scores, targets = torch.randn(6, 4), torch.randint(4, (6,))
    loss = measure(MultiClassHinge(p=p, margin=margin), scores, targets)
    assert torch.equal(loss, F.multi_margin_loss(scores, targets, p=p, margin=margin))


@pytest.mark.parametrize("p", [1, 2])
def test_crammer_singer_takes_the_worst_rival(p):
    scores, targets = torch.randn(20, 4), torch.randint(4, (20,))
    expected = 0.0
    for row, label in zip(scores.tolist(), targets.tolist(), strict=True):
        rival = max(score for number, score in enumerate(row) if number != label)
        expected += max(0.0, 1 - row[label] + rival) ** p / 20
    assert measure(MultiClassHinge(kind="crammer_singer", p=p), scores, targets).item() == pytest.approx(expected)


def test_with_two_classes_crammer_singer_is_scikit_learns_hinge():
    from sklearn.metrics import hinge_loss

    scores, targets = torch.randn(20, 3), torch.arange(20) % 3
    found = measure(MultiClassHinge(kind="crammer_singer"), scores, targets).item()
    assert found == pytest.approx(hinge_loss(targets.numpy(), scores.numpy(), labels=[0, 1, 2]))


def test_l2_is_half_the_squared_norm_of_weights_without_biases():
    model, batch = Linear(in_features=3, out_features=4), Batch(torch.randn(5, 3), torch.arange(5) % 4, np.arange(5))
    plain = MultiClassHinge()(model, batch).loss
    penalised = MultiClassHinge(l2=0.1)(model, batch).loss
    torch.testing.assert_close(penalised - plain, 0.05 * model.linear.weight.square().sum())


def test_a_wrong_label_in_a_later_batch_is_named():
    for kind in ("weston_watkins", "crammer_singer"):
        objective = MultiClassHinge(kind=kind)
        measure(objective, torch.zeros(2, 3), torch.tensor([0, 1]))
        with pytest.raises(DataError, match="sample 1 has the label 3"):
            measure(objective, torch.zeros(2, 3), torch.tensor([0, 3]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "one_vs_rest"}, "no kind"),
        ({"p": 3}, "1 or 2, not 3"),
        ({"margin": 0.0}, "margin"),
        ({"l2": -1}, "l2"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        MultiClassHinge(**arguments)
