"""The module that pytorch-template's models extend."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from torch import nn


class BaseModel(nn.Module):
    """A module whose text ends with its number of trainable parameters."""

    @abstractmethod
    def forward(self, *inputs: Any) -> Any:
        """Compute the output of the model."""
        raise NotImplementedError

    def __str__(self) -> str:
        count = sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)
        return f"{super().__str__()}\nTrainable parameters: {count}"
