"""The model: change it, or name another one in config.json."""

from __future__ import annotations

from torch import Tensor, nn


class Net(nn.Module):
    """Three convolutions, then the mean over the image: works for images of any size.

    Inputs (B, C, H, W) in floats; outputs (B, num_classes) logits, no softmax.
    """

    def __init__(self, *, num_classes: int = 10, in_channels: int = 1, width: int = 16) -> None:
        super().__init__()
        self.features = nn.Sequential(
            block(in_channels, width),
            block(width, 2 * width),
            nn.MaxPool2d(2),
            block(2 * width, 4 * width),
        )
        self.classifier = nn.Linear(4 * width, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).mean(dim=(2, 3)))


def block(before: int, after: int) -> nn.Sequential:
    """Convolution, batch norm and ReLU; the image keeps its size."""
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU())
