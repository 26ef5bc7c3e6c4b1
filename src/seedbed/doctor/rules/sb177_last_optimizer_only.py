"""Only the optimizer of the last model is stepped.

## What it does

Finds optimizers that are made in a loop over models under one name, and stepped after that loop.

## Why is this bad

The name holds the optimizer of the last model. The other models get gradients but are never updated.

## Example

```python
models = [nn.Linear(4, 2) for _ in range(3)]
for model in models:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    for model in models:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
models = [nn.Linear(4, 2) for _ in range(3)]
optimizers = [torch.optim.SGD(model.parameters(), lr=0.1) for model in models]
for epoch in range(10):
    for model, optimizer in zip(models, optimizers):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event, optimizer, _ in ownership.optimizers(p):
        loop = event.loops[-1] if event.loops else None
        if loop is None or not isinstance(loop.node, ast.For) or event.conds_in(loop):
            continue
        steps = [s for s in p.all("step") if q.same(s.recv, optimizer)]
        if not steps or any(s.inside(loop) for s in steps) or any(b.inside(loop) for b in p.all("backward")):
            continue
        if any(e.kind == "keep" and any(q.same(a, optimizer) for a in e.args) for e in p.all("keep")):
            continue
        if not any(v is optimizer and e.inside(loop) for _, v, e in p.assigns):
            continue
        yield p.report(
            "SB177",
            event,
            "the optimizer is made again for each model in the loop under one name: after it only the last one is left",
            why=f"step() at line {steps[0].line} updates the last model only; the others are never trained",
            fix="Keep one optimizer for each model in a list, or give one optimizer the parameters of all",
            related=((str(steps[0].src.path), steps[0].line, "the step"),),
        )
