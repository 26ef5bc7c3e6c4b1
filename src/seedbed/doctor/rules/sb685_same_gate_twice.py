"""Both ways through a gated layer are weighed by the same gate.

## What it does

Finds `gate * h + gate * x` where the gate is a sigmoid: one of the two must be weighed by `1 - gate`.

## Why is this bad

The gate chooses between new and old. As it is, it only scales their sum: closed, the layer puts out zero instead of its
input.

## Example

```python
x, transform, choose = torch.randn(8, 16), nn.Linear(16, 16), nn.Linear(16, 16)
gate = torch.sigmoid(choose(x))
out = gate * torch.relu(transform(x)) + gate * x
```

## Use instead

```python
x, transform, choose = torch.randn(8, 16), nn.Linear(16, 16), nn.Linear(16, 16)
gate = torch.sigmoid(choose(x))
out = gate * torch.relu(transform(x)) + (1 - gate) * x
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("add") if p.made("sigmoid") else ():
        if len(val.args) != 2 or id(val.node) in seen or not val.grad:
            continue
        sides = [[v for v, power in f.factors(a) if power > 0] for a in val.args]
        if any(len(s) != 2 for s in sides):
            continue
        gates = [v for v in sides[0] if v.name == "sigmoid" and any(v is w for w in sides[1])]
        if len(gates) != 1:
            continue
        others = [next(v for v in s if v is not gates[0]) for s in sides]
        if others[0] is others[1]:
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB685",
            val,
            "both sides are multiplied by the same gate: one of them must be weighed by 1 - gate",
            why="a closed gate lets nothing through, where it should carry the input over",
            fix="Use gate * new + (1 - gate) * old",
        )
