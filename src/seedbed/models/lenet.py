"""LeNet: two convolutions and a small classifier.

Shapes: B sample, C channel, H height, W width, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from seedbed.errors import ConfigError, DataError
from seedbed.models.layers import check_dropout, check_positive, make_activation


class LeNet(nn.Module):
    """Convolution and pooling twice, then fully connected layers.

    Inputs (B, C, H, W), or (B, H, W) for one channel; outputs (B, K).
    LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998; with ReLU and
    maximum pooling, as it is used today. The first convolution keeps the image's size, the second does not pad.

    Args:
        num_classes: Outputs, K.
        in_channels: Channels of the image, C.
        image_size: Side of a square image, or (H, W).
        channels: Channels after the two convolutions.
        hidden: Widths of the fully connected layers before the output.
        kernel_size: Side of both kernels; odd. Use 3 for images smaller than 12 pixels.
        activation: A name from ``seedbed.models.layers.ACTIVATIONS``.
        pooling: ``max`` or ``mean``.
        dropout: Share of activations that are dropped before each fully connected layer.
    """

    def __init__(
        self,
        *,
        num_classes: int = 10,
        in_channels: int = 1,
        image_size: int | Sequence[int] = 28,
        channels: Sequence[int] = (6, 16),
        hidden: Sequence[int] = (120, 84),
        kernel_size: int = 5,
        activation: str = "relu",
        pooling: Literal["max", "mean"] = "max",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        height, width = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
        check_positive("LeNet", num_classes=num_classes, in_channels=in_channels, channels=channels, hidden=hidden)
        check_dropout("LeNet", dropout)
        if len(channels) != 2:
            raise ConfigError(f"LeNet has two convolutions; channels must be two numbers, not {list(channels)}")
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ConfigError(f"LeNet: kernel_size must be odd, not {kernel_size}")
        final = [(side // 2 - kernel_size + 1) // 2 for side in (height, width)]
        if min(final) < 1:
            smallest = 2 * (kernel_size + 1)
            raise ConfigError(
                f"LeNet with kernel_size={kernel_size} needs images of at least {smallest}×{smallest}, "
                f"not {height}×{width}; take kernel_size=3, larger images, or an MLP"
            )
        self.in_channels, self.image_size = in_channels, (height, width)
        pool = nn.MaxPool2d if pooling == "max" else nn.AvgPool2d
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, channels[0], kernel_size, padding=kernel_size // 2),
            make_activation(activation),
            pool(2),
            nn.Conv2d(channels[0], channels[1], kernel_size),
            make_activation(activation),
            pool(2),
        )
        layers: list[nn.Module] = []
        widths = [channels[1] * final[0] * final[1], *hidden]
        for wide, narrow in pairwise(widths):
            layers += [nn.Dropout(dropout)] if dropout > 0 else []
            layers += [nn.Linear(wide, narrow), make_activation(activation)]
        layers += [nn.Dropout(dropout)] if dropout > 0 else []
        layers.append(nn.Linear(widths[-1], num_classes))
        self.classifier = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        x_BCHW = as_images(x, self.in_channels, "LeNet")
        if x_BCHW.shape[2:] != self.image_size:
            found = tuple(x_BCHW.shape[2:])
            raise DataError(f"LeNet was made for images of {self.image_size}, but got {found}; set image_size={found}")
        features_BD = torch.flatten(self.features(x_BCHW), 1)
        logits_BK: Tensor = self.classifier(features_BD)
        return logits_BK


def as_images(x: Tensor, in_channels: int, model: str) -> Tensor:
    """(B, C, H, W) as it is; (B, H, W) with the one channel added.

    Raises:
        DataError: It is neither, or the number of channels is another one.
    """
    x_BCHW = x.unsqueeze(1) if x.ndim == 3 else x
    if x_BCHW.ndim != 4 or x_BCHW.size(1) != in_channels:
        last = x.size(-1) if x.ndim == 4 else 0
        cure = "the channels are last: permute to (B, C, H, W)" if last == in_channels else "set in_channels"
        raise DataError(
            f"{model} takes (B, {in_channels}, H, W)"
            f"{' or (B, H, W)' if in_channels == 1 else ''}, but got {tuple(x.shape)}; {cure}, or check the transforms"
        )
    return x_BCHW
