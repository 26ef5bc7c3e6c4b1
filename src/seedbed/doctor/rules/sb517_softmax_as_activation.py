"""Softmax inside the network as a hidden activation.

## What it does

Finds a softmax used as a hidden activation.

## Why is this bad

It squeezes the hidden units to a sum of one: almost all signal is lost.

## Example

```python
model = nn.Sequential(nn.Linear(4, 64), nn.Softmax(dim=1), nn.Linear(64, 3))
out = model(torch.randn(8, 4))
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 3))
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
    seen: set[int] = set()
    for event in p.all("forward"):
        if event.name not in ("Linear", "Conv2d", "Conv1d") or not event.args or not event.depth:
            continue
        bias = event.recv.kwargs.get("bias") if event.recv is not None else None
        if bias is not None and bias.const is False:
            continue  # a soft assignment: the weights are a table that the shares mix
        ways = training.loss_origins(event.args[0])
        if any(o.kind == "unknown" for o in ways):
            continue  # an activation that is picked by name may be any other one
        for made in ways:
            if (
                made.kind == "tensor"
                and made.name == "softmax"
                and made.args
                and any(
                    o.name in ("Linear", "Conv2d")
                    for o in [
                        *training.loss_origins(made.args[0]),
                        *(v for x in training.loss_origins(made.args[0]) if "Norm" in x.name for v in x.args[:1]),
                    ]
                )
            ):
                where = q.spot(made, event)
                if made not in q.chain(event.args[0]) or any(
                    v.name in ("matmul", "bmm", "einsum") for v in ancestors(made, limit=400)
                ):
                    continue  # joined with other inputs, or the weights of an attention
                if id(where.node) in seen:
                    continue
                seen.add(id(where.node))
                yield p.report(
                    "SB517",
                    where,
                    "softmax is used as a hidden activation",
                    why="the hidden units then sum to one, so nearly all signal and gradient is lost",
                    fix="Use nn.ReLU() (or another activation) between layers",
                )
