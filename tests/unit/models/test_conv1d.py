"""The convolutional network for signals."""

from __future__ import annotations

import pytest
import torch

from seedbed.errors import ConfigError, DataError
from seedbed.models.conv1d import Conv1dNet


def test_the_defaults_are_the_network_of_the_mnist1d_paper():
    model = Conv1dNet(out_features=10, length=40)
    assert model.output.in_features == 125
    assert sum(p.numel() for p in model.parameters()) == 5210
    assert model(torch.randn(2, 40)).shape == (2, 10)


def test_channels_norm_and_squeeze():
    model = Conv1dNet(
        out_features=1, length=16, in_channels=3, channels=[4, 4], kernel_sizes=3, norm="batch", squeeze=True
    )
    assert model(torch.randn(5, 3, 16)).shape == (5,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 3, "channels": [4] * 6, "kernel_sizes": 5}, "too short for 6 convolutions"),
        ({"length": 40, "channels": [4], "kernel_sizes": [3, 3]}, "2 kernel_sizes for 1 channels"),
        ({"length": 40, "norm": "layer"}, "no norm 'layer'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Conv1dNet(out_features=2, **arguments)


def test_another_length_is_named():
    with pytest.raises(DataError, match=r"\(B, 1, 40\), but got \(2, 41\)"):
        Conv1dNet(out_features=2, length=40)(torch.randn(2, 41))
