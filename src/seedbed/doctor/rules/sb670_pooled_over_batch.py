"""Features of a sequence or an image are averaged over the batch.

## What it does

Finds `mean(0)`, `sum(dim=0)`, `max(0)` in `forward`, where axis 0 is the batch and a linear layer follows.

## Why is this bad

The samples of the batch are mixed, and what is left has one row per time step. Where the batch is as large as the
sequence is long, the loss takes it without a word.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset

class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.GRU(5, 24, batch_first=True), nn.Linear(24, 2)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.head(out.mean(0))

model = Reader()
for x, y in DataLoader(TensorDataset(torch.randn(320, 32, 5), torch.randint(0, 2, (320,))), batch_size=32):
    nn.functional.cross_entropy(model(x), y).backward()
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset

class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.GRU(5, 24, batch_first=True), nn.Linear(24, 2)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.head(out.mean(1))

model = Reader()
for x, y in DataLoader(TensorDataset(torch.randn(320, 32, 5), torch.randint(0, 2, (320,))), batch_size=32):
    nn.functional.cross_entropy(model(x), y).backward()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import op_shapes, tokens
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_POOLS = ("mean", "sum", "max", "amax", "logsumexp", "median")
_ON = frozenset(
    ["dropout", "relu", "tanh", "gelu", "getitem", "part", "LayerNorm", "squeeze", "contiguous", "identity"]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.makers(*_POOLS):
        made = event.result
        if made is None or made.kind != "tensor" or not made.args or id(event.node) in seen or not _in_forward(event):
            continue
        base = made.args[0]
        rank = len(base.shape) if base.shape is not None else 0
        if rank < 3 or op_shapes.dim_of(made.args, made.kwargs) not in (0, -rank):
            continue
        if tokens.leading_axis(base) != "batch" or not p.trained(made) or not _into_layer(p, made):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB670",
            event,
            f"{made.name}() over dim 0 pools over the batch, not over the sequence: the samples are mixed",
            why="with batch-first data axis 0 is the batch dimension; the time steps are on axis 1",
            fix=f"Use {made.name}(dim=1)",
        )


def _in_forward(event: Event) -> bool:
    """Whether it happens inside a model."""
    return any(f.name == "forward" and f.owner is not None for f in event.funcs)


def _into_layer(p: Program, made: Val) -> bool:
    """Whether all that is done with it is to give it to a linear layer."""
    stack, found, count = [made], False, 0
    while stack and count < 20:
        one = stack.pop()
        count += 1
        for user in q.users(p, one):
            if user.kind != "tensor":
                continue
            if user.name in ("Linear", "linear"):
                found = True
            elif user.name in _ON:
                stack.append(user)
            else:
                return False
    return found
