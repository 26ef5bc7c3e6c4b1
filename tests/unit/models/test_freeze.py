"""Freezing by pattern."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from seedbed.errors import ConfigError
from seedbed.models.freeze import freeze, frozen_modules, unfreeze


def make():
    return nn.ModuleDict(
        {
            "features": nn.Sequential(nn.Conv1d(1, 4, 3), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5)),
            "head": nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.Linear(4, 2)),
        }
    )


def trainable(model):
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize("pattern", ["features.*", "features"])
def test_a_frozen_part_is_given_back_whole(pattern):
    model = make()
    assert freeze(model, [pattern]) == (model["features"],)
    assert trainable(model) == {"head.0.weight", "head.0.bias", "head.2.weight", "head.2.bias"}


def test_frozen_batch_norm_statistics_stay_in_training():
    model = make()
    kept = freeze(model, ["features.*"])
    model.train()
    for module in kept:
        module.eval()
    before = model["features"][1].running_mean.clone()
    x = torch.randn(8, 1, 9)
    assert torch.equal(model["features"](x), model["features"](x))
    assert torch.equal(model["features"][1].running_mean, before)


def test_a_part_that_still_trains_in_part_stays_in_train_mode():
    model = make()
    assert freeze(model, ["*.bias"]) == ()
    assert freeze(model, ["head.0"]) == (model["head"][0],)
    assert freeze(model, ["features.1"]) == (model["features"][1], model["head"][0])


def test_unfreezing_gives_back_what_is_left():
    model = make()
    freeze(model, ["features", "head.0"])
    assert unfreeze(model, ["features"]) == (model["head"][0],)
    assert unfreeze(model) == frozen_modules(model) == ()
    assert len(trainable(model)) == 8


@pytest.mark.parametrize(
    ("pattern", "hint"), [("feature.*", "nearest names are features"), ("backbone.*", "the model has features, head")]
)
def test_a_pattern_that_matches_nothing_is_an_error_with_the_nearest_names(pattern, hint):
    model = make()
    for action in (freeze, unfreeze):
        with pytest.raises(ConfigError, match=hint):
            action(model, [pattern])


def test_nothing_left_to_train_is_an_error():
    with pytest.raises(ConfigError, match="leaves no parameter to train"):
        freeze(make(), ["*"])
