"""A recurrent network for sequences.

Shapes: B sample, T time, F feature, D hidden, O outputs.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from seedbed.errors import ConfigError, DataError
from seedbed.models.layers import check_dropout, check_positive, check_squeeze, squeeze_last


class GRU(nn.Module):
    """Gated recurrent units over the sequence, then a linear map of what they know at its end (or at every step).

    Inputs (B, T, F), or (B, T) for one feature; outputs (B, O), or (B,) with ``squeeze``; with ``read="every"`` one
    output a step, (B, T, O) or (B, T).
    Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014.

    Args:
        out_features: Outputs, O.
        in_features: Features a step, F.
        hidden_size: Width of the state, D.
        num_layers: Recurrent layers on top of each other.
        bidirectional: Also read the sequence backwards.
        dropout: Share of activations that are dropped between layers and before the linear map.
        read: ``last`` takes the final state of each direction, ``mean`` the mean over time, ``every`` each step.
        squeeze: Drop the outputs' last dimension of 1.
    """

    def __init__(
        self,
        *,
        out_features: int,
        in_features: int = 1,
        hidden_size: int = 64,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        read: Literal["last", "mean", "every"] = "last",
        squeeze: bool = False,
    ) -> None:
        super().__init__()
        check_positive("GRU", out_features=out_features, in_features=in_features)
        check_positive("GRU", hidden_size=hidden_size, num_layers=num_layers)
        check_dropout("GRU", dropout)
        check_squeeze(squeeze, out_features, "GRU")
        if read not in ("last", "mean", "every"):
            raise ConfigError(f"GRU: read must be last, mean or every, not {read!r}")
        self.in_features, self.read, self.squeeze = in_features, read, squeeze
        self.directions = 2 if bidirectional else 1
        self.recurrent = nn.GRU(
            in_features,
            hidden_size,
            num_layers,
            batch_first=True,
            bidirectional=bidirectional,
            dropout=dropout if num_layers > 1 else 0.0,
        )
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden_size * self.directions, out_features)

    def forward(self, x: Tensor) -> Tensor:
        x_BTF = x.unsqueeze(-1) if x.ndim == 2 else x
        if x_BTF.ndim != 3 or x_BTF.size(2) != self.in_features:
            raise DataError(
                f"GRU was made for (B, T, {self.in_features}), but got {tuple(x.shape)}; "
                "set in_features, or check the transforms"
            )
        states_BTD, final_LBD = self.recurrent(x_BTF)
        if self.read == "last":
            state = final_LBD[-self.directions :].transpose(0, 1).flatten(1)
        elif self.read == "mean":
            state = states_BTD.mean(1)
        else:
            state = states_BTD
        return squeeze_last(self.output(self.dropout(state)), self.squeeze)
