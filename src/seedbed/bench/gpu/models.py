"""Models of the GPU benchmark that are not among the built-in ones.

Shapes: B sample, C channel, H height, W width, T place in time, K classes, A numbers of an action.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seedbed.models.resnet import Block


class MnistCNN(nn.Module):
    """Two convolutions and two linear layers, as in torch's own MNIST example; (B, 1, 28, 28) to (B, 10)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3), nn.ReLU(), nn.Conv2d(width, 2 * width, 3), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.head = nn.Sequential(
            nn.Dropout(0.25), nn.Flatten(), nn.Linear(288 * width, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)
        )

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images))
        return logits


class ResNet18(nn.Module):
    """The 18-layer residual network for images of 32 × 32: four stages of two blocks; (B, 3, 32, 32) to (B, 10)."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
        for stage in range(4):
            for index in range(2):
                layers.append(Block(channels, width << stage, 2 if stage > 0 and index == 0 else 1))
                channels = width << stage
        self.features, self.head = nn.Sequential(*layers), nn.Linear(channels, 10)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images).mean((2, 3)))
        return logits


class DiffusionUNet(nn.Module):
    """A one-dimensional U-Net over a sequence of actions, told the noise level and the observations by scale and shift.

    The network of Chi et al., "Diffusion policy", 2023, appendix: two residual blocks a level, kernel 5, 8 groups.
    One input tensor (B, T·A + 1 + observations), so that every trainer can hand it over: noisy actions, noise level,
    observations. Output (B, T·A), the noise.

    Args:
        widths: Channels of the levels.
        length: Places in time, T; a multiple of 2 ** (levels - 1).
        actions: Numbers of an action, A.
        observations: Numbers of the observations.
        embedding: Width of the noise level's embedding.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (256, 512, 1024),
        *,
        length: int = 16,
        actions: int = 2,
        observations: int = 132,
        embedding: int = 256,
    ) -> None:
        super().__init__()
        self.length, self.actions, self.embedding = length, actions, embedding
        self.level = nn.Sequential(nn.Linear(embedding, 4 * embedding), nn.Mish(), nn.Linear(4 * embedding, embedding))
        told = embedding + observations
        ins, last = (actions, *widths[:-1]), widths[-1]
        self.down = nn.ModuleList(Pair(i, o, told) for i, o in zip(ins, widths, strict=True))
        self.smaller = nn.ModuleList(nn.Conv1d(width, width, 3, stride=2, padding=1) for width in widths[:-1])
        self.middle = Pair(last, last, told)
        ups = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.up = nn.ModuleList(Pair(2 * i, o, told) for i, o in ups)
        self.larger = nn.ModuleList(nn.ConvTranspose1d(o, o, 4, stride=2, padding=1) for _, o in ups)
        self.out = nn.Sequential(Conv(widths[0], widths[0]), nn.Conv1d(widths[0], actions, 1))

    def forward(self, packed: Tensor) -> Tensor:
        size = self.length * self.actions
        x_BAT = packed[:, :size].view(-1, self.length, self.actions).transpose(1, 2)
        told = torch.cat([self.level(waves(packed[:, size], self.embedding)), packed[:, size + 1 :]], 1)
        kept: list[Tensor] = []
        for number, pair in enumerate(self.down):
            x_BAT = pair(x_BAT, told)
            kept.append(x_BAT)
            if number < len(self.smaller):
                x_BAT = self.smaller[number](x_BAT)
        x_BAT = self.middle(x_BAT, told)
        for pair, larger in zip(self.up, self.larger, strict=True):
            x_BAT = larger(pair(torch.cat([x_BAT, kept.pop()], 1), told))
        noise: Tensor = self.out(x_BAT).transpose(1, 2).flatten(1)
        return noise


class Conv(nn.Sequential):
    """Convolution over time, group norm, Mish."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.Conv1d(inputs, outputs, 5, padding=2), nn.GroupNorm(8, outputs), nn.Mish())


class Told(nn.Module):
    """Two convolutions with what is told as scale and shift between them, added to the input."""

    def __init__(self, inputs: int, outputs: int, told: int) -> None:
        super().__init__()
        self.first, self.second = Conv(inputs, outputs), Conv(outputs, outputs)
        self.told = nn.Sequential(nn.Mish(), nn.Linear(told, 2 * outputs))
        self.straight: nn.Module = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        scale, shift = self.told(told).unsqueeze(-1).chunk(2, 1)
        y: Tensor = self.second(self.first(x) * scale + shift) + self.straight(x)
        return y


class Pair(nn.Module):
    """Two residual blocks of a level."""

    def __init__(self, inputs: int, outputs: int, told: int) -> None:
        super().__init__()
        self.first, self.second = Told(inputs, outputs, told), Told(outputs, outputs, told)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        y: Tensor = self.second(self.first(x, told), told)
        return y


def waves(level_B: Tensor, width: int) -> Tensor:
    """Sines and cosines of a number at frequencies from 1 to 1/10000, (B, width)."""
    half = width // 2
    rates = torch.exp(torch.arange(half, device=level_B.device) * (-math.log(10000.0) / (half - 1)))
    angles = level_B[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)


def token_loss(logits_BTV: Tensor, targets_BT: Tensor) -> Tensor:
    """Mean cross-entropy over all places."""
    return F.cross_entropy(logits_BTV.flatten(0, -2), targets_BT.flatten())
