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

_LAYERS = frozenset(["GRU", "LSTM", "RNN"])
_CELLS = frozenset(["GRUCell", "LSTMCell", "RNNCell"])
_SQUASHED = frozenset(["tanh", "sigmoid", "relu"])
_DRAWS = frozenset(["randint", "np_randint", "integers", "choice", "np_choice", "sample", "choices"])
_ORDERS = frozenset(["randperm", "np_permutation", "permutation"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("forward"):
        state = _state(event)
        if state is None or not any(event.rounds):
            continue
        loop, order = _batches(p, event)
        if loop is None or order is None or id(order.node) in seen or not _earlier(p, event, state, loop):
            continue
        seen.add(id(order.node))
        in_parts = any(inner is not loop for inner in event.loops[event.loops.index(loop) + 1 :])
        yield p.report(
            "SB822",
            (loop.node, loop.src) if in_parts or not order.line else order,
            "the hidden state is carried from batch to batch, but the batches are shuffled: they are unrelated",
            why="each sequence starts from the final state of another one, as if it continued it",
            fix="Reset the state at the start of each batch (it may go from part to part of one batch)"
            if in_parts
            else "Use shuffle=False so that batches are consecutive, or reset the state for each batch",
            related=((str(event.src.path), event.line, "the state is carried here"),),
        )


def _state(event: Event) -> Val | None:
    """What a recurrent layer, a cell or the hidden part of one written by hand gets as its state."""
    if event.name in _LAYERS or event.name in _CELLS:
        return event.args[1] if len(event.args) > 1 else event.kwargs.get("hx")
    if event.name == "Linear" and event.args and event.recv is not None:
        near = list(ancestors(event.args[0], limit=12))
        return event.args[0] if any(v.name in _SQUASHED for v in near) else None
    return None


def _batches(p: Program, event: Event) -> tuple[LoopRun | None, Val | None]:
    """The outermost loop that goes over batches in random order, and what puts them in this order."""
    for loop in event.loops:
        order = _shuffled(loop)
        if order is not None:
            return loop, order
    for val in ancestors(event.args[0], limit=80) if event.args else ():
        if val.name != "getitem" or len(val.args) < 2:
            continue
        key = val.args[1]
        for one in ancestors(key, limit=12):
            if one.name not in _DRAWS and one.name not in _ORDERS:
                continue
            at = one if one.name in _DRAWS else key
            around = _around(p, at, event)
            if around is not None and one.line and not (one.name in _ORDERS and key is one):
                return around, one
    return None, None


def _around(p: Program, val: Val, event: Event) -> LoopRun | None:
    """The innermost loop around the place where a draw or a part of an order is made."""
    nodes = val.loops
    if not nodes and val.name == "getitem" and len(val.args) > 1:
        reads = (e for e in p.all("getitem") if e.args and e.args[0] is val.args[1] and e.recv is val.args[0])
        nodes = next((tuple(frame.node for frame in e.loops) for e in reads), ())
    return next((frame for frame in reversed(event.loops) if nodes and frame.node is nodes[-1]), None)


def _shuffled(loop: LoopRun) -> Val | None:
    """The loader or permutation that puts the batches of a loop in random order; parts of one batch are none."""
    stack, seen = [loop.over] if loop.over is not None else [], set[int]()
    while stack and len(seen) < 30:
        val = stack.pop()
        if id(val) in seen or val.name in _OF_A_BATCH:
            continue
        seen.add(id(val))
        if val.kind == "loader":
            flag = val.kwargs.get("shuffle") or val.arg(2)
            return val if flag is not None and flag.const is True else None
        if val.name in ("randperm", "np_permutation") and val.line:
            return val
        whole = val.name == "getitem" and len(val.args) > 1 and val.args[1].name in ("randperm", "np_permutation")
        stack.extend(val.args[:1] if val.name == "getitem" and not whole else val.inputs())
    return None


_OF_A_BATCH = frozenset(["batch", "element", "part", "index", "sample", "forward"])


def _earlier(p: Program, event: Event, state: Val, loop: LoopRun) -> bool:
    """Whether the state comes out of the same layer in an earlier round of the loop."""
    by_hand = event.name == "Linear"
    if event.rounds[event.loops.index(loop)] == 0:
        return False
    parts = _memory(state) if by_hand else set()
    if not by_hand:
        parts = {id(v) for one in (state, *(state.items or ())) for v in ancestors(one, limit=60)}
    for other in p.all("forward"):
        if other.seq >= event.seq or other.recv is not event.recv or other.result is None or loop not in other.loops:
            continue
        if other.rounds[other.loops.index(loop)] >= event.rounds[event.loops.index(loop)]:
            continue
        made = [i for item in other.result.items or () for i in (item, *(item.items or ()))]
        if event.name in _LAYERS:
            made = [m for m in made if m.name == "state"]
        elif event.name in _CELLS or by_hand:
            made.append(other.result)
        if any(id(m) in parts for m in made):
            return True
    return False


_HANDS_ON = frozenset(
    ["detach", "clone", "tanh", "sigmoid", "relu", "add", "mul", "forward", "part", "phi", "cat", "Linear"]
)


def _memory(state: Val) -> set[int]:
    """What a state written by hand is made of, as long as nothing outside the network comes in: no world, no draw."""
    stack, seen = [state], set[int]()
    while stack and len(seen) < 60:
        one = stack.pop()
        if (
            id(one) not in seen
            and one.kind in ("tensor", "phi", "list", "tuple")
            and one.name in (*_HANDS_ON, "", "list")
        ):
            seen.add(id(one))
            stack.extend(one.inputs())
    return seen
