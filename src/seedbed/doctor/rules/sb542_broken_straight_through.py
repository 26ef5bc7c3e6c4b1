"""A straight-through estimator has its `detach()` in the wrong place, or none.

## What it does

Finds `z + (q - z)` without `detach()`, and `(z + (q - z)).detach()` with everything detached.

## Why is this bad

The trick needs the difference detached and `z` not: forward gives `q`, backward gives the gradient to `z`. Without
the detach `z` cancels out, with all of it detached nothing is left: the layers before get no gradient.

## Example

```python
encoder, decoder = nn.Linear(8, 4), nn.Linear(4, 8)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
for x, y in loader:
    z = encoder(x)
    hard = torch.sign(z)
    code = z + (hard - z)
    optimizer.zero_grad()
    F.mse_loss(decoder(code), x).backward()
    optimizer.step()
```

## Use instead

```python
encoder, decoder = nn.Linear(8, 4), nn.Linear(4, 8)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
for x, y in loader:
    z = encoder(x)
    hard = torch.sign(z)
    code = z + (hard - z).detach()
    optimizer.zero_grad()
    F.mse_loss(decoder(code), x).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_CUTS = ("detach", "data", "detach_", "stop_gradient")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("add", "sub", *_CUTS) if p.trains else ():
        if val.kind != "tensor" or id(val.node) in seen or not p.trained(val):
            continue
        if val.name in _CUTS and val.args and _cancels(val.args[0]):
            said = "the whole straight-through expression is detached: z + (q - z) passes no gradient on"
        elif _cancels(val) and not any(u.name in _CUTS for u in q.users(p, val)):
            said = "the straight-through difference is not detached: in z + (q - z) the gradient of z cancels to zero"
        else:
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB542",
            val,
            said,
            why="the layers before it (the encoder) get no gradient from what comes after and are not trained by it",
            fix="Detach the difference only: z + (q - z).detach()",
        )


def _cancels(val: Val) -> bool:
    """Whether a value is ``z + (q - z)`` with the same ``z`` on both sides and no detach inside."""
    if val.kind == "phi":
        return False
    if val.name == "add" and len(val.args) == 2:
        return any(
            two.name == "sub" and len(two.args) == 2 and two.args[1] is one and one.grad and _plain(two.args[0])
            for one, two in (val.args, val.args[::-1])
        )
    if val.name == "sub" and len(val.args) == 2 and val.args[0].name == "add" and len(val.args[0].args) == 2:
        return val.args[1].grad and any(a is val.args[1] for a in val.args[0].args)
    return False


def _plain(val: Val) -> bool:
    return val.kind in ("tensor", "phi")
