"""The small residual network."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from seedbed.errors import ConfigError
from seedbed.models.resnet import ResNet


@pytest.mark.parametrize("depth", [8, 14, 20])
def test_depth_counts_the_layers_with_weights(depth):
    model = ResNet(depth=depth)
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    assert len(layers) + 1 == depth


def test_depth_twenty_has_the_size_of_the_paper():
    # 0.27 M in the paper's table 6; the two 1×1 shortcuts with their norms add 2752
    assert sum(p.numel() for p in ResNet().parameters()) == 269_722 + 2752


@pytest.mark.parametrize("size", [4, 7, 32])
def test_images_of_any_size_and_without_channels_work(size):
    model = ResNet(depth=8, width=4, in_channels=1, num_classes=3)
    assert model(torch.randn(2, size, size)).shape == (2, 3)


def test_a_depth_that_does_not_divide_is_refused():
    with pytest.raises(ConfigError, match=r"6 n \+ 2 .*not 18"):
        ResNet(depth=18)
