"""Dropout is applied to attention scores before the softmax.

## What it does

Finds `softmax(dropout(scores)) @ v`: the dropout belongs on the weights, after the softmax.

## Why is this bad

A dropped score becomes 0, which is no small score: its key still gets weight, often more than before. The others are
scaled up, which changes the temperature.

## Example

```python
q, k, v = (nn.Linear(12, 12)(torch.randn(4, 7, 12)) for _ in range(3))
scores = q @ k.transpose(1, 2) / 12 ** 0.5
out = F.dropout(scores, 0.1, training=True).softmax(-1) @ v
```

## Use instead

```python
q, k, v = (nn.Linear(12, 12)(torch.randn(4, 7, 12)) for _ in range(3))
scores = q @ k.transpose(1, 2) / 12 ** 0.5
out = F.dropout(scores.softmax(-1), 0.1, training=True) @ v
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for made, source in training.softmaxes(p) if p.made("dropout") else ():
        dropped = source
        for _ in range(4):
            if dropped.name in ("masked_fill", "div", "mul", "add") and dropped.args:
                dropped = dropped.args[0]
        if dropped.name != "dropout" or not dropped.args or id(dropped.node) in seen:
            continue
        inner = dropped.args[0]
        for _ in range(3):
            inner = inner.args[0] if inner.name in ("masked_fill", "add", "where") and inner.args else inner
        scores = [v for v, power in f.factors(inner) if power > 0 and v.name in ("matmul", "bmm", "einsum")]
        if len(scores) != 1 or not any(u.name in ("matmul", "bmm", "einsum") for u in q.users(p, made)):
            continue
        seen.add(id(dropped.node))
        yield p.report(
            "SB693",
            dropped if dropped.line else made,
            "dropout is applied to the attention scores before the softmax: a dropped score is 0, not minus infinity",
            why="the dropped keys keep their weight, and the other scores are scaled up",
            fix="Apply the dropout to the weights: dropout(softmax(scores)) @ v",
        )
