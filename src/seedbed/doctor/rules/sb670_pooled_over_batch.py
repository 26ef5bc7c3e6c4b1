"""Features of a sequence or an image are averaged over the batch.

## What it does

Finds `mean(0)`, `sum(dim=0)`, `max(0)` in `forward`, where axis 0 is the batch and a linear layer follows; and a
masked mean of each sample that is divided by the `mask.sum()` of the whole batch.

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

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import op_shapes, syntax, tokens
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
    yield from _by_all_tokens(p)


def _by_all_tokens(p: Program) -> Iterator[Finding]:
    """``(h * mask).sum(1) / mask.sum()``: the mean of each sample, divided by the tokens of all samples."""
    seen: set[int] = set()
    for made in p.made("div", "true_divide"):
        if len(made.args) != 2 or not made.grad or made.node is None or id(made.node) in seen:
            continue
        top, whole = f.core(made.args[0]), _total(made.args[1])
        dim = op_shapes.dim_of(top.args, top.kwargs) if top.name == "sum" and top.args else None
        rank = len(top.args[0].shape or ()) if top.args else 0
        if whole is None or rank < 3 or not isinstance(dim, int) or dim in (0, -rank):
            continue
        if not _is_masked_by(top.args[0], whole.args[0], rank) or not p.trained(made):
            continue
        if not _into_layer(p, made, _ON - {"LayerNorm"} | {"forward"}):
            continue
        seen.add(id(made.node))
        said = syntax.text(whole.node) if isinstance(whole.node, ast.Call) else "the sum of the mask"
        yield p.report(
            "SB670",
            whole if whole.line else made,
            f"{said} counts the tokens of the whole batch: each sample's mean is divided by all of them, not by its "
            "own length",
            why="the pooled features are about as many times too small as the batch has samples, and change with the "
            "samples beside them",
            fix=f"Sum the mask per sample, over the axis that is pooled: .sum(dim={dim})",
        )


def _total(val: Val) -> Val | None:
    """The sum over everything that a divisor is, without the guard against zero."""
    for _ in range(6):
        val = f.core(val)
        if val.name == "sum" and val.kind == "tensor":
            return val if len(val.args) == 1 and not set(val.kwargs) & {"dim", "axis"} else None
        if val.name in ("add", "clamp", "clamp_min", "maximum", "max", "item") and val.args:
            val = val.args[0]
        else:
            return None
    return None


def _is_masked_by(base: Val, mask: Val, rank: int) -> bool:
    """Whether features are multiplied by (or filled under) a mask that has a row for each sample."""
    parts = list(base.args[:2]) if base.name in ("mul", "multiply", "masked_fill", "where") else []
    root = _root(mask)
    for part in parts:
        shape = part.shape
        if _root(part) is root and shape is not None and len(shape) == rank and shape[0] != 1:
            return True
    return False


def _root(val: Val) -> Val:
    """What a mask was made from, whichever way round it is."""
    for _ in range(8):
        val = f.core(val)
        if val.name in ("invert", "logical_not", "compare", "eq", "ne", "bool", "expand_as") and val.args:
            val = val.args[0]
        else:
            return val
    return val


def _in_forward(event: Event) -> bool:
    """Whether it happens inside a model."""
    return any(f.name == "forward" and f.owner is not None for f in event.funcs)


def _into_layer(p: Program, made: Val, through: frozenset[str] = _ON) -> bool:
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
            elif user.name in through:
                stack.append(user)
            else:
                return False
    return found
