"""Binary and MultiLabel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import ConfigError, DataError
from seedbed.objectives.binary import Binary, MultiLabel


def measure(objective, outputs, targets):
    return objective(nn.Identity(), Batch(outputs, targets, np.arange(len(targets)))).loss


@pytest.mark.parametrize("output_shape", [(4,), (4, 1)])
@pytest.mark.parametrize("target_shape", [(4,), (4, 1)])
@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.float64])
def test_a_last_dimension_of_one_never_broadcasts(output_shape, target_shape, dtype):
    logits, targets = torch.randn(4), torch.tensor([0, 1, 1, 0]).to(dtype)
    expected = F.binary_cross_entropy_with_logits(logits, targets.float(), pos_weight=torch.tensor(3.0))
    loss = measure(Binary(pos_weight=3.0), logits.view(output_shape), targets.view(target_shape))
    assert torch.equal(loss, expected)


def test_one_sample_is_not_mistaken_for_a_dimension():
    assert measure(Binary(), torch.zeros(1, 1), torch.ones(1)).item() == pytest.approx(np.log(2))


def test_multilabel_is_torchs_mean_over_all_labels():
    logits, targets = torch.randn(4, 3), torch.randint(2, (4, 3))
    weights = torch.tensor([1.0, 2.0, 3.0])
    loss = measure(MultiLabel(pos_weight=[1, 2, 3]), logits, targets)
    assert torch.equal(loss, F.binary_cross_entropy_with_logits(logits, targets.float(), pos_weight=weights))
    assert MultiLabel().weight(Batch(None, targets, np.arange(4))) == 12


@pytest.mark.parametrize(
    ("objective", "outputs", "targets", "cure"),
    [
        (Binary(), torch.zeros(4, 3), torch.zeros(4, 3), "use MultiLabel"),
        (Binary(), torch.zeros(4, 2), torch.zeros(4), "or use Classification"),
        (Binary(), torch.zeros(4), torch.tensor([-1.0, 1, 1, -1]), r"\(y \+ 1\) / 2"),
        (Binary(), torch.zeros(4), torch.tensor([0, 1, 2, 0]), "sample 2 is 2.*more than two classes"),
        (Binary(), torch.zeros(2), torch.tensor([0.0, torch.nan]), "sample 1 is nan"),
        (MultiLabel(), torch.zeros(4, 3), torch.zeros(4), "use Classification"),
        (MultiLabel(), torch.zeros(4, 3), torch.zeros(4, 2), "every label"),
    ],
)
def test_what_does_not_fit_comes_with_the_cure(objective, outputs, targets, cure):
    with pytest.raises(DataError, match=cure):
        measure(objective, outputs, targets)


def test_wrong_weights_are_refused():
    with pytest.raises(ConfigError, match="above 0"):
        Binary(pos_weight=0.0)
    with pytest.raises(ConfigError, match="2 numbers in pos_weight for 3 labels"):
        measure(MultiLabel(pos_weight=[1, 2]), torch.zeros(4, 3), torch.zeros(4, 3))


def test_predictions_are_yes_above_one_half():
    found = Binary().predictions(torch.tensor([[-1.0], [2.0]]))
    assert found["class"].tolist() == [0, 1]
    torch.testing.assert_close(found["probability"], torch.tensor([-1.0, 2.0]).sigmoid())
    many = MultiLabel().predictions(torch.tensor([[-1.0, 2.0]]))
    assert many["labels"].tolist() == [[0, 1]]
