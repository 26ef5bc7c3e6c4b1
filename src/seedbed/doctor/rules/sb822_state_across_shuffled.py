"""The hidden state is carried between shuffled, unrelated batches.

## What it does

Finds recurrent states that are carried from batch to batch although the loader shuffles.

## Why is this bad

A carried state means that the next batch continues the last one. After shuffling it belongs to another sequence.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 8, batch_first=True)
        self.head = nn.Linear(8, 1)

    def forward(self, x, state):
        out, state = self.rnn(x, state)
        return self.head(out), state.detach()

loader = DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True)
net = Net()
opt = torch.optim.Adam(net.parameters())
state = None
for a, b in loader:
    pred, state = net(a, state)
    loss = F.mse_loss(pred, b)
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 8, batch_first=True)
        self.head = nn.Linear(8, 1)

    def forward(self, x, state):
        out, state = self.rnn(x, state)
        return self.head(out), state.detach()

loader = DataLoader(TensorDataset(x, y), batch_size=8, shuffle=False)
net = Net()
opt = torch.optim.Adam(net.parameters())
state = None
for a, b in loader:
    pred, state = net(a, state)
    loss = F.mse_loss(pred, b)
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("forward"):
        if event.name not in ("GRU", "LSTM", "RNN") or not event.rounds or not event.loops:
            continue
        state = event.args[1] if len(event.args) > 1 else event.kwargs.get("hx")
        loop = next((f for f in reversed(event.loops) if _shuffled(f) is not None), None)
        if state is None or loop is None or not event.args:
            continue
        order = _shuffled(loop)
        if order is None or id(order.node) in seen or not _earlier(p, event, state, loop):
            continue
        seen.add(id(order.node))
        yield p.report(
            "SB822",
            order if order.line else event,
            "the hidden state is carried from batch to batch, but the batches are shuffled: they are unrelated",
            why="each sequence starts from the final state of another one, as if it continued it",
            fix="Use shuffle=False so that batches are consecutive, or start each batch with a fresh state",
            related=((str(event.src.path), event.line, "the state is carried here"),),
        )


def _shuffled(loop: LoopRun) -> Val | None:
    """The loader or permutation that puts the batches of a loop in random order."""
    for val in ancestors(loop.over, limit=30) if loop.over is not None else ():
        if val.kind == "loader":
            flag = val.kwargs.get("shuffle") or val.arg(2)
            return val if flag is not None and flag.const is True else None
        if val.name in ("randperm", "np_permutation") and val.line:
            return val
    return None


def _earlier(p: Program, event: Event, state: Val, loop: LoopRun) -> bool:
    """Whether the state comes out of the same layer in an earlier round of the loop."""
    parts = {id(v) for one in (state, *(state.items or ())) for v in ancestors(one, limit=60)}
    for other in p.all("forward"):
        if other.seq >= event.seq or other.recv is not event.recv or other.result is None or loop not in other.loops:
            continue
        if other.rounds[other.loops.index(loop)] >= event.rounds[event.loops.index(loop)]:
            continue
        made = [i for item in other.result.items or () for i in (item, *(item.items or ()))]
        if any(id(m) in parts and m.name == "state" for m in made):
            return True
    return False
