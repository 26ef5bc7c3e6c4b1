"""A linear model: linear and logistic regression, a linear support vector machine.

Shapes: B sample, F features, O outputs.
"""

from __future__ import annotations

from torch import Tensor, nn

from seedbed.models.layers import check_positive, check_squeeze, flatten_features, squeeze_last


class Linear(nn.Module):
    """One linear map, ``y = W x + b``.

    Inputs (B, F) or (B, …) with F numbers a sample; outputs (B, O), or (B,) with ``squeeze``.

    Args:
        in_features: Numbers a sample, F.
        out_features: Outputs, O.
        bias: Whether there is a ``b``.
        squeeze: Give one output as (B,) instead of (B, 1).
    """

    def __init__(self, *, in_features: int, out_features: int, bias: bool = True, squeeze: bool = False) -> None:
        super().__init__()
        check_positive("Linear", in_features=in_features, out_features=out_features)
        check_squeeze(squeeze, out_features, "Linear")
        self.in_features = in_features
        self.squeeze = squeeze
        self.linear = nn.Linear(in_features, out_features, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        x_BF = flatten_features(x, self.in_features, "Linear")
        return squeeze_last(self.linear(x_BF), self.squeeze)
