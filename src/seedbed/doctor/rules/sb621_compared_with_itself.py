"""The weights are compared with themselves.

## What it does

Finds a distance between the parameters and a "start" that was kept without copying it.

## Why is this bad

The kept tensors are the parameters themselves: the difference is always zero and the penalty does nothing.

## Example

```python
model = nn.Linear(4, 2)
start = [p for p in model.parameters()]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    drift = sum((p - s).pow(2).sum() for p, s in zip(model.parameters(), start))
    (F.cross_entropy(model(x), y) + 0.1 * drift).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 2)
start = [p.detach().clone() for p in model.parameters()]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    drift = sum((p - s).pow(2).sum() for p, s in zip(model.parameters(), start))
    (F.cross_entropy(model(x), y) + 0.1 * drift).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_SAME = ("element", "parameter", "detach", "data", "getitem", "view", "flatten", "part")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    roots = [ancestors(b.recv, limit=1500) for b in p.all("backward") if b.recv is not None]
    for values in (*roots, p.made("sub") if roots else []):
        for val in values:
            if val.name != "sub" or len(val.args) != 2 or id(val.node) in seen:
                continue
            first, second = _parameter(val.args[0]), _parameter(val.args[1])
            left, right = _module(val.args[0]), _module(val.args[1])
            if left is None or left is not right or first is second:
                continue
            seen.add(id(val.node))
            yield p.report(
                "SB621",
                val,
                f"the parameters of {left.var or left.name} are compared with themselves: the kept start is no copy, "
                "the difference is always zero",
                why="the kept list (or dict) holds references to the same tensors, which training goes on changing",
                fix="Copy them when they are kept: p.detach().clone()",
                related=(q.place(left),),
            )


def _module(val: Val) -> Val | None:
    """The module whose parameter a value is, when nothing has copied it."""
    stack, count = [val], 0
    while stack and count < 40:
        one = stack.pop()
        count += 1
        if one.kind == "params" and one.args and one.name.endswith("parameters"):
            return one.args[0] if one.args[0].kind == "module" else None
        if one.kind == "phi":
            return None
        listed = one.kind == "tuple" or (one.kind in ("list", "iter") and one.name == "comprehension")
        if listed and one.items:
            stack.append(one.items[-1])
        elif one.name in _SAME and one.args:
            stack.append(one.args[0])
    return None


def _parameter(val: Val) -> Val:
    """The parameter that a value is a view of."""
    one = val
    for _ in range(20):
        if one.name not in _SAME or one.name in ("parameter", "element") or not one.args:
            break
        one = one.args[0]
    return one
