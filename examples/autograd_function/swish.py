"""A hand-written backward: Swish with a slope that is learned, as an ``autograd.Function``.

Train it here with ``seedbed train -c config.json``. Written with torch's own operations, autograd would keep three
tensors for the backward; this keeps one, the input, and computes the rest again. Ramachandran, Zoph and Le, "Searching
for activation functions", 2017.

Result on the digits: 0.969 test accuracy after 10 epochs. One seed (1), 2 CPU cores, torch 2.13.0.

Shapes: B sample, D width.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class SwishFunction(torch.autograd.Function):
    """``x · sigmoid(beta · x)``, with gradients for x and beta."""

    @staticmethod
    def forward(x: Tensor, beta: Tensor) -> Tensor:
        return x * torch.sigmoid(beta * x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, beta = ctx.saved_tensors
        gate = torch.sigmoid(beta * x)
        slope = gate * (1 - gate)
        grad_x = grad_output * (gate + beta * x * slope) if ctx.needs_input_grad[0] else None
        # beta is one number for all elements, so its gradient is the sum over them
        grad_beta = (grad_output * x * x * slope).sum() if ctx.needs_input_grad[1] else None
        return grad_x, grad_beta


class Swish(nn.Module):
    """Swish as a layer; beta starts at 1, where it is SiLU. Inputs and outputs of any one shape."""

    def __init__(self) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = SwishFunction.apply(x, self.beta)
        return y


class SwishNet(nn.Module):
    """A perceptron with Swish. Inputs (B, …), flattened; outputs (B, num_classes)."""

    def __init__(self, *, in_features: int = 64, width: int = 64, num_classes: int = 10) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(in_features, width),
            Swish(),
            nn.Linear(width, width),
            Swish(),
            nn.Linear(width, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(x)
        return logits
