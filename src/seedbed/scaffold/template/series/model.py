"""The model: change it, or name another one in config.json."""

from __future__ import annotations

from torch import Tensor, nn


class Net(nn.Module):
    """A recurrent network that reads the history and says how far each coming day is from the last known one.

    Inputs (B, history) floats; outputs (B, horizon) floats.
    """

    def __init__(self, *, horizon: int, hidden_size: int = 32) -> None:
        super().__init__()
        self.recurrent = nn.GRU(1, hidden_size, batch_first=True)
        self.output = nn.Linear(hidden_size, horizon)

    def forward(self, x: Tensor) -> Tensor:
        _, state = self.recurrent(x.unsqueeze(-1))
        return self.output(state[-1])
