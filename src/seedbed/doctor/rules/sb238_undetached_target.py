"""Gradient flows into the target: detach() is missing.

## What it does

Finds bootstrapped targets (reward + gamma * max Q) through which gradient flows.

## Why is this bad

The network then also pulls its target towards its prediction, and learning is biased or diverges.

## Example

```python
net = nn.Linear(4, 2)
optimizer = torch.optim.Adam(net.parameters())
for s, a, r, s2 in loader:
    value = net(s).gather(1, a)
    target = r + 0.99 * net(s2).max(1, keepdim=True)[0]
    loss = F.mse_loss(value, target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
net = nn.Linear(4, 2)
optimizer = torch.optim.Adam(net.parameters())
for s, a, r, s2 in loader:
    value = net(s).gather(1, a)
    with torch.no_grad():
        target = r + 0.99 * net(s2).max(1, keepdim=True)[0]
    loss = F.mse_loss(value, target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if (
            event.name not in ("MSELoss", "SmoothL1Loss", "HuberLoss", "L1Loss")
            or len(event.args) < 2
            or not p.trained(event.result)
        ):
            continue
        yield from _check(p, event, event.args[0], event.args[1])
    for val, event in q.squared_errors(p):
        for pred, target in ((val.args[0], val.args[1]), (val.args[1], val.args[0])):
            if _bootstrapped(target):
                yield from _check(p, event, pred, target)


def _bootstrapped(val: Val) -> bool:
    if val.kind != "tensor" or val.name != "add":
        return False
    for term in val.args:
        if (
            term.grad
            and term.name == "mul"
            and any(v.owner is not None or v.name == "forward" for v in ancestors(term, limit=80))
        ):
            others = [a for a in val.args if a is not term and not a.grad]
            if others and any(not a.grad for a in term.args):
                return True
    return False


def _check(p: Program, event: Event, pred: Val, target: Val) -> Iterator[Finding]:
    if not (target.grad and pred.grad) or not _bootstrapped(target):
        return
    yield p.report(
        "SB238",
        target,
        "gradient flows into the bootstrapped target: detach() or no_grad is missing",
        why="the network is also trained to move its own target, which biases learning or makes it diverge",
        fix="Compute the target under torch.no_grad(), or use target.detach()",
        related=((str(event.src.path), event.line, "the loss"),),
    )
