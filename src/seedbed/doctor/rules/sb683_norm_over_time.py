"""BatchNorm1d normalises the time steps instead of the features.

## What it does

Finds `nn.BatchNorm1d(d)` that is applied to the output of `nn.Linear(..., d)` of shape (batch, time, d).

## Why is this bad

BatchNorm1d takes axis 1 of a three-dimensional input for the channels. Where there are as many steps as features
nothing raises: each time step gets its own statistics, and the features are mixed.

## Example

```python
x = torch.randn(32, 20, 6)
out = nn.BatchNorm1d(20)(nn.Linear(6, 20)(x))
```

## Use instead

```python
x = torch.randn(32, 20, 6)
out = nn.BatchNorm1d(20)(nn.Linear(6, 20)(x).transpose(1, 2)).transpose(1, 2)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_SAME = frozenset(["relu", "gelu", "tanh", "dropout", "contiguous", "silu", "leaky_relu", "elu", "sigmoid", "identity"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("forward"):
        layer = event.recv
        if event.name != "BatchNorm1d" or layer is None or not event.args or id(layer) in seen:
            continue
        made = _features(event.args[0])
        if made is None or made.owner is None or made.shape is None or len(made.shape) != 3:
            continue
        width, wanted = made.owner.arg(1, "out_features"), layer.arg(0, "num_features")
        if width is None or wanted is None or not isinstance(wanted.const, int) or width.const != wanted.const:
            continue
        if made.shape[1] not in (None, wanted.const):
            continue
        seen.add(id(layer))
        yield p.report(
            "SB683",
            event,
            f"BatchNorm1d normalises axis 1, the {wanted.const} time steps, not the features on the last axis: "
            "the axes must be swapped (transpose)",
            why="BatchNorm1d expects (batch, channels, time); the output of a Linear layer is (batch, time, features)",
            fix="Use bn(h.transpose(1, 2)).transpose(1, 2), or nn.LayerNorm",
            related=(q.place(layer),),
        )


def _features(val: Val) -> Val | None:
    """The linear layer whose output goes into the norm with its axes as they are."""
    for _ in range(6):
        if val.name == "Linear" and val.kind == "tensor":
            return val
        if val.name not in _SAME or not val.args:
            return None
        val = val.args[0]
    return None
