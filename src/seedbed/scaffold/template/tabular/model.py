"""The model: change it, or name another one in config.json."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class Net(nn.Module):
    """Linear layers with ReLU between them. Inputs (B, in_features) floats; outputs (B,), one number a row.

    ``in_features`` counts a number's column once and a text column once for each of its values; a wrong count is an
    error that says the right one.
    """

    def __init__(self, *, in_features: int, hidden: Sequence[int] = (64, 64)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = in_features
        for next_width in hidden:
            layers += [nn.Linear(width, next_width), nn.ReLU()]
            width = next_width
        self.layers = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).squeeze(-1)
