"""Gradients are switched off and never on again.

## What it does

Finds gradients that are switched off with `torch.set_grad_enabled(False)` and never on again.

## Why is this bad

From then on no graph is recorded: training goes on without learning, or fails in the next epoch.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        if loss.requires_grad:
            loss.backward()
            optimizer.step()
    torch.set_grad_enabled(False)
    for x, y in val_loader:
        pred = model(x)
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        if loss.requires_grad:
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        for x, y in val_loader:
            pred = model(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    offs = [
        e
        for e in p.calls("set_grad_enabled")
        if getattr(e.node, "_statement", False) and e.args and e.args[0].const is False
    ]
    ons = [e for e in p.calls("set_grad_enabled") if e.args and e.args[0].const is not False]
    for event in offs[:1]:
        later = [b for b in p.all("backward") if b.seq > event.seq]
        if later and not any(e.seq > event.seq for e in ons):
            yield p.report(
                "SB322",
                event,
                "set_grad_enabled(False) is never undone: gradients stay off for the training that follows",
                why="from here on no graph is recorded and the weights no longer learn",
                fix="Use `with torch.no_grad():` around the evaluation instead",
                related=((str(later[0].src.path), later[0].line, "backward() afterwards"),),
            )
