"""A deep stack of sigmoid or tanh loses the gradient.

## What it does

Finds deep stacks of sigmoid activations.

## Why is this bad

Each sigmoid multiplies the gradient by at most 0.25. After several layers nothing is left for the first
ones.

## Example

```python
model = nn.Sequential(
    nn.Linear(4, 64), nn.Sigmoid(), nn.Linear(64, 64), nn.Sigmoid(),
    nn.Linear(64, 64), nn.Sigmoid(), nn.Linear(64, 64), nn.Sigmoid(), nn.Linear(64, 3),
)
out = model(torch.randn(8, 4))
```

## Use instead

```python
model = nn.Sequential(
    nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
    nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3),
)
out = model(torch.randn(8, 4))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in training.forwards(p):
        if event.result is None or not event.first or id(event.recv) in p.cache.setdefault("sb525", set()):
            continue
        hidden = [
            v
            for v in ancestors(event.result, limit=400)
            if v.kind == "tensor"
            and v.name in ("sigmoid", "hardsigmoid")
            and any(u.name == "Linear" for u in q.users(p, v))
        ]
        if any(v.name in ("Linear",) for v in hidden) or any(
            v.name in ("mul", "add", "recurrent", "LayerNorm", "BatchNorm1d")
            for v in ancestors(event.result, limit=400)
            if (v.owner is None and v.name in ("mul",)) or v.name in ("recurrent", "LayerNorm", "BatchNorm1d")
        ):
            continue
        if len(hidden) >= 4:
            p.cache["sb525"].add(id(event.recv))
            yield p.report(
                "SB525",
                q.spot(hidden[-1], event),
                f"{len(hidden)} sigmoid layers in a row: the gradient vanishes",
                why="each sigmoid multiplies the gradient by at most 0.25, so the first layers hardly learn",
                fix="Use nn.ReLU() in the hidden layers",
                severity=training.shown(p, [event.recv] if event.recv is not None else []),
            )
