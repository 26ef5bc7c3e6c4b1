"""The model: change it, or name another one in config.json (``GPT`` is built in)."""

from __future__ import annotations

from torch import Tensor, nn


class Net(nn.Module):
    """A recurrent network over characters.

    Inputs (B, T) character numbers; outputs (B, T, vocab_size) logits, at each place for the character after it.
    ``vocab_size`` may be larger than the number of characters in use.
    """

    def __init__(self, *, vocab_size: int, width: int = 96) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, width)
        self.recurrent = nn.GRU(width, width, batch_first=True)
        self.output = nn.Linear(width, vocab_size)

    def forward(self, ids: Tensor) -> Tensor:
        states, _ = self.recurrent(self.embedding(ids.long()))
        return self.output(states)
