"""A small convolutional network for signals.

Shapes: B sample, C channel, T time, O outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from seedbed.errors import ConfigError, DataError
from seedbed.models.layers import check_dropout, check_positive, check_squeeze, make_activation, squeeze_last


class Conv1dNet(nn.Module):
    """Strided convolutions over time, then a linear map of what is left.

    Inputs (B, C, T), or (B, T) for one channel; outputs (B, O), or (B,) with ``squeeze``.
    With the defaults, the network of Greydanus and Kobak, "Scaling down deep learning with MNIST-1D", 2020.

    Args:
        out_features: Outputs, O.
        length: Time steps, T.
        in_channels: Channels of the signal, C.
        channels: Channels after each convolution.
        kernel_sizes: Length of each kernel; one number for all.
        stride: Of every convolution.
        padding: Zeros on both sides before every convolution.
        activation: A name from ``seedbed.models.layers.ACTIVATIONS``.
        norm: ``batch`` puts batch norm before each activation.
        dropout: Share of activations that are dropped before the linear map.
        squeeze: Give one output as (B,) instead of (B, 1).
    """

    def __init__(
        self,
        *,
        out_features: int,
        length: int,
        in_channels: int = 1,
        channels: Sequence[int] = (25, 25, 25),
        kernel_sizes: int | Sequence[int] = (5, 3, 3),
        stride: int = 2,
        padding: int = 1,
        activation: str = "relu",
        norm: Literal["none", "batch"] = "none",
        dropout: float = 0.0,
        squeeze: bool = False,
    ) -> None:
        super().__init__()
        sizes = [kernel_sizes] * len(channels) if isinstance(kernel_sizes, int) else list(kernel_sizes)
        check_positive("Conv1dNet", out_features=out_features, length=length, in_channels=in_channels, stride=stride)
        check_positive("Conv1dNet", channels=channels, kernel_sizes=sizes)
        check_dropout("Conv1dNet", dropout)
        check_squeeze(squeeze, out_features, "Conv1dNet")
        if len(sizes) != len(channels) or not channels:
            raise ConfigError(
                f"Conv1dNet: {len(sizes)} kernel_sizes for {len(channels)} channels; give as many of each"
            )
        if norm not in ("none", "batch"):
            raise ConfigError(f"Conv1dNet has no norm {norm!r}; known are none, batch")
        self.in_channels, self.length, self.squeeze = in_channels, length, squeeze
        layers: list[nn.Module] = []
        before, left = in_channels, length
        for after, size in zip(channels, sizes, strict=True):
            left = (left + 2 * padding - size) // stride + 1
            if left < 1:
                raise ConfigError(
                    f"Conv1dNet: a signal of {length} steps is too short for {len(channels)} convolutions of "
                    f"stride {stride}; take fewer, a smaller stride, or more padding"
                )
            layers.append(nn.Conv1d(before, after, size, stride=stride, padding=padding))
            layers += [nn.BatchNorm1d(after)] if norm == "batch" else []
            layers.append(make_activation(activation))
            before = after
        self.features = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(before * left, out_features)

    def forward(self, x: Tensor) -> Tensor:
        x_BCT = x.unsqueeze(1) if x.ndim == 2 else x
        if x_BCT.ndim != 3 or x_BCT.shape[1:] != (self.in_channels, self.length):
            raise DataError(
                f"Conv1dNet was made for (B, {self.in_channels}, {self.length}), but got {tuple(x.shape)}; "
                "set in_channels and length, or check the transforms"
            )
        features_BD = self.dropout(self.features(x_BCT).flatten(1))
        return squeeze_last(self.output(features_BD), self.squeeze)
