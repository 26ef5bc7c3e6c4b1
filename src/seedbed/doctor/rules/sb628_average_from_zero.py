"""A moving average of the weights starts at zero and is never corrected for it.

## What it does

Finds averages of weights that start as zeros and are used without dividing by `1 - decay ** steps`.

## Why is this bad

With a decay of 0.999 the average is still too small by 37 % after a thousand steps: the model computes nonsense.

## Example

```python
model = nn.Linear(4, 3)
shadow = {n: torch.zeros_like(p) for n, p in model.named_parameters()}
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        for n, p in model.named_parameters():
            shadow[n].mul_(0.999).add_(p, alpha=0.001)
model.load_state_dict(shadow)
```

## Use instead

```python
model = nn.Linear(4, 3)
shadow = {n: p.detach().clone() for n, p in model.named_parameters()}
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        for n, p in model.named_parameters():
            shadow[n].mul_(0.999).add_(p, alpha=0.001)
model.load_state_dict(shadow)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, uses_gradient

_ZERO = frozenset(("zeros_like", "zeros", "new_zeros"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    if any(isinstance(n.op, ast.Pow) for n in q.nodes(p, ast.BinOp)):
        return  # a correction of the start
    for event in p.once("inplace"):
        if event.recv is None or not event.args or event.name not in ("add_", "lerp_"):
            continue
        if event.name == "add_" and event.recv.name != "mul_":
            continue
        start = next((v for v in q.memory(event.recv) if v.name in _ZERO and v.kind == "tensor"), None)
        if start is None or id(start.node) in seen or not _weight(event.args[0]) or not event.loops:
            continue
        if any(r.node in start.loops for r in event.loops):
            continue
        seen.add(id(start.node))
        yield p.report(
            "SB628",
            start,
            "the moving average (EMA) of the weights starts at zero and has no bias correction: it is far too small at "
            "first",
            why="after n updates the average is smaller by the factor 1 - decay ** n",
            fix="Start it with a copy of the weights: p.detach().clone() (or divide by 1 - decay ** step)",
            related=((str(event.src.path), event.line, "the update of the average"),),
        )


def _weight(val: Val) -> bool:
    """Whether a value is a parameter itself."""
    return not uses_gradient(val) and any(v.name in ("parameter", "Parameter") for v in q.memory(val))
