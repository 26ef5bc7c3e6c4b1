"""The model: any ``nn.Module`` with plain keyword arguments, which config.json gives."""

from __future__ import annotations

from torch import Tensor, nn


class Net(nn.Module):
    """Inputs (B, 2) floats; outputs (B,) floats."""

    def __init__(self, *, width: int = 32) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).squeeze(-1)
