"""MLP and Linear."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from seedbed.errors import ConfigError, DataError
from seedbed.models.linear import Linear
from seedbed.models.mlp import MLP


def test_an_image_is_flattened():
    model = MLP(in_features=64, out_features=10, hidden=[32, 16])
    x = torch.randn(5, 1, 8, 8)
    assert torch.equal(model(x), model(x.flatten(1)))
    assert model(x).shape == (5, 10)


def test_without_hidden_layers_it_is_linear():
    model = MLP(in_features=3, out_features=2, hidden=[])
    linear = Linear(in_features=3, out_features=2)
    linear.linear.load_state_dict(model.layers[0].state_dict())
    x = torch.randn(4, 3)
    assert torch.equal(model(x), linear(x))


def test_norm_and_dropout_follow_each_hidden_layer():
    model = MLP(in_features=3, out_features=2, hidden=[4, 4], norm="batch", dropout=0.5, activation="gelu")
    kinds = [type(layer) for layer in model.layers]
    block = [nn.Linear, nn.BatchNorm1d, nn.GELU, nn.Dropout]
    assert kinds == [*block, *block, nn.Linear]


def test_squeeze_gives_one_value_a_sample():
    assert Linear(in_features=3, out_features=1, squeeze=True)(torch.randn(4, 3)).shape == (4,)
    assert MLP(in_features=3, out_features=1, squeeze=True)(torch.randn(1, 3)).shape == (1,)


def test_one_feature_a_sample_may_come_without_a_dimension():
    assert Linear(in_features=1, out_features=1)(torch.randn(4)).shape == (4, 1)


def test_a_wrong_number_of_features_says_the_right_one():
    with pytest.raises(DataError, match="set in_features=192"):
        MLP(in_features=64, out_features=10)(torch.randn(2, 3, 8, 8))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"out_features": 3, "squeeze": True}, "out_features is 3"),
        ({"out_features": 1, "hidden": [8, 0]}, "hidden must be at least 1, not 0"),
        ({"out_features": 1, "norm": "bach"}, "no norm 'bach'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        MLP(in_features=3, **arguments)
