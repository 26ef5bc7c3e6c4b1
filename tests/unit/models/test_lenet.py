"""LeNet."""

from __future__ import annotations

import pytest
import torch

from seedbed.errors import ConfigError, DataError
from seedbed.models.lenet import LeNet


@pytest.mark.parametrize("size", [12, 28, 32, (16, 40)])
def test_any_size_that_is_large_enough_gives_one_score_a_class(size):
    height, width = (size, size) if isinstance(size, int) else size
    model = LeNet(in_channels=3, image_size=size, num_classes=7)
    assert model(torch.randn(2, 3, height, width)).shape == (2, 7)


def test_an_image_without_channels_gets_one():
    model = LeNet().eval()
    x = torch.randn(4, 28, 28)
    assert torch.equal(model(x), model(x.unsqueeze(1)))


def test_a_kernel_of_three_takes_digits_of_eight_pixels():
    assert LeNet(image_size=8, kernel_size=3)(torch.randn(2, 1, 8, 8)).shape == (2, 10)


def test_it_has_the_parameters_of_the_paper_with_full_connections():
    # 1998: C1 156, C3 full 2416, C5 48120, F6 10164, output 850
    assert sum(p.numel() for p in LeNet().parameters()) == 156 + 2416 + 48120 + 10164 + 850


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 8}, "at least 12×12"),
        ({"kernel_size": 4}, "must be odd, not 4"),
        ({"channels": [6]}, "two numbers"),
        ({"num_classes": 0}, "num_classes must be at least 1"),
        ({"dropout": 1.0}, "below 1, not 1.0"),
        ({"activation": "rleu"}, "did you mean 'relu'"),
    ],
)
def test_wrong_arguments_are_refused_with_their_value(arguments, message):
    with pytest.raises(ConfigError, match=message):
        LeNet(**arguments)


def test_channels_last_is_named_as_the_cause():
    with pytest.raises(DataError, match="the channels are last"):
        LeNet(in_channels=3)(torch.randn(2, 28, 28, 3))


def test_another_image_size_is_an_error_that_says_which():
    with pytest.raises(DataError, match=r"set image_size=\(32, 32\)"):
        LeNet()(torch.randn(2, 1, 32, 32))
