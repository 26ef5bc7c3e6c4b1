"""A small residual network for small images.

Shapes: B sample, C channel, H height, W width, K classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seedbed.errors import ConfigError
from seedbed.models.layers import check_positive
from seedbed.models.lenet import as_images


class ResNet(nn.Module):
    """Three stages of residual blocks, each half as large and twice as wide as the one before.

    Inputs (B, C, H, W), or (B, H, W) for one channel, of any size from 4 pixels; outputs (B, K).
    He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2015, section 4.2 (CIFAR-10), with 1×1
    convolutions where the shape changes. The mean over the image is a plain mean, whose backward is deterministic.

    Args:
        num_classes: Outputs, K.
        in_channels: Channels of the image, C.
        depth: Layers with weights: 6 n + 2 (8, 14, 20, 32, 44, 56).
        width: Channels of the first stage.
    """

    def __init__(self, *, num_classes: int = 10, in_channels: int = 3, depth: int = 20, width: int = 16) -> None:
        super().__init__()
        check_positive("ResNet", num_classes=num_classes, in_channels=in_channels, width=width)
        if depth < 8 or (depth - 2) % 6:
            raise ConfigError(f"ResNet: depth must be 6 n + 2 (8, 14, 20, 32, 44, 56, …), not {depth}")
        self.in_channels = in_channels
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        blocks: list[nn.Module] = []
        channels = width
        for stage in range(3):
            for index in range((depth - 2) // 6):
                stride = 2 if stage > 0 and index == 0 else 1
                blocks.append(Block(channels, width * 2**stage, stride))
                channels = width * 2**stage
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x_BCHW = as_images(x, self.in_channels, "ResNet")
        features_BC = self.blocks(self.stem(x_BCHW)).mean((2, 3))
        logits_BK: Tensor = self.classifier(features_BC)
        return logits_BK


class Block(nn.Module):
    """Two 3×3 convolutions with batch norm, added to their input.

    Inputs (B, in_channels, H, W); outputs (B, out_channels, H / stride, W / stride), rounded up.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x_BCHW: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x_BCHW)))
        y = self.norm2(self.conv2(y))
        return torch.relu(y + self.shortcut(x_BCHW))
