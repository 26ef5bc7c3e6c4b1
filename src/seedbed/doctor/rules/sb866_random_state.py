"""A recurrent layer starts from a random state.

## What it does

Finds recurrent layers whose initial state is drawn with `randn` or `rand` in the forward pass.

## Why is this bad

The same input gives another output in every call, in evaluation too. The network has to learn to ignore its state.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.fc = nn.GRU(4, 16, batch_first=True), nn.Linear(16, 2)

    def forward(self, x):
        _, h = self.rnn(x, torch.randn(1, x.size(0), 16))
        return self.fc(h[-1])

Net()(torch.randn(2, 5, 4))
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.fc = nn.GRU(4, 16, batch_first=True), nn.Linear(16, 2)

    def forward(self, x):
        _, h = self.rnn(x, torch.zeros(1, x.size(0), 16))
        return self.fc(h[-1])

Net()(torch.randn(2, 5, 4))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("forward"):
        if event.name not in ("GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell") or not event.depth:
            continue
        given = event.arg(1, "hx")
        for part in q.flat([given]) if given is not None else ():
            made = f.core(part)
            if made.name in ("randn", "rand", "randn_like", "rand_like") and made.src is event.src:
                if not p.trained(event.result) and any(e.result is made and not e.depth for e in p.makers(made.name)):
                    continue  # a made-up state that the caller hands in, to try the layer
                yield p.report(
                    "SB866",
                    made,
                    f"{event.name} starts from a random hidden state ({made.name}) in every forward pass: use zeros",
                    why="the same input gives another prediction in every call, in evaluation too (not deterministic)",
                    fix="Start from zeros (the default when no state is given), or from a learned nn.Parameter",
                )
                break
