"""Data with known coefficients: the best linear fit finds them, and both tasks see the same points."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seedbed.data.datasets.planted import Planted
from seedbed.errors import ConfigError


def test_least_squares_finds_what_was_planted():
    train = Planted(coefficients=(1.0, -2.0), intercept=3.0, noise=0.1).train
    design = np.column_stack([train.inputs.numpy(), np.ones(len(train))])
    found, *_ = np.linalg.lstsq(design, train.targets.numpy(), rcond=None)
    np.testing.assert_allclose(found, [1.0, -2.0, 3.0], atol=0.02)


def test_classes_are_the_same_points_cut_at_the_intercept():
    numbers, classes = Planted(), Planted(classes=True)
    assert torch.equal(numbers.train.inputs, classes.train.inputs)
    assert torch.equal((numbers.test.targets > 4.2).long(), classes.test.targets)
    assert classes.info["num_classes"] == 2


def test_the_data_have_their_own_seed():
    assert torch.equal(Planted().train.inputs, Planted().train.inputs)
    assert not torch.equal(Planted().train.inputs, Planted(generation_seed=1).train.inputs)


@pytest.mark.parametrize("wrong", [{"coefficients": ()}, {"noise": -1.0}, {"num_test": 0}, {"intercept": float("nan")}])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ConfigError):
        Planted(**wrong)
