"""A multilayer perceptron.

Shapes: B sample, F features, O outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from seedbed.models.layers import (
    Norm,
    check_dropout,
    check_positive,
    check_squeeze,
    flatten_features,
    make_activation,
    make_norm,
    squeeze_last,
)


class MLP(nn.Module):
    """Linear layers with a norm, an activation and dropout after each but the last.

    Inputs (B, F) or (B, …) with F numbers a sample, which are flattened; outputs (B, O), or (B,) with ``squeeze``.
    Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature 1986.

    Args:
        in_features: Numbers a sample, F.
        out_features: Outputs, O.
        hidden: Width of each hidden layer; empty makes a linear model.
        activation: A name from ``seedbed.models.layers.ACTIVATIONS``.
        dropout: Share of activations that are dropped after each hidden layer.
        norm: ``none``, ``batch`` or ``layer``, before the activation.
        squeeze: Give one output as (B,) instead of (B, 1).
    """

    def __init__(
        self,
        *,
        in_features: int,
        out_features: int,
        hidden: Sequence[int] = (128,),
        activation: str = "relu",
        dropout: float = 0.0,
        norm: Norm = "none",
        squeeze: bool = False,
    ) -> None:
        super().__init__()
        check_positive("MLP", in_features=in_features, out_features=out_features, hidden=hidden)
        check_dropout("MLP", dropout)
        check_squeeze(squeeze, out_features, "MLP")
        self.in_features = in_features
        self.squeeze = squeeze
        layers: list[nn.Module] = []
        width = in_features
        for next_width in hidden:
            layers.append(nn.Linear(width, next_width))
            normalize = make_norm(norm, next_width)
            if normalize is not None:
                layers.append(normalize)
            layers.append(make_activation(activation))
            if dropout > 0:
                layers.append(nn.Dropout(dropout))
            width = next_width
        layers.append(nn.Linear(width, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        x_BF = flatten_features(x, self.in_features, "MLP")
        return squeeze_last(self.layers(x_BF), self.squeeze)
