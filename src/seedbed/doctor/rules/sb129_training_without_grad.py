"""Training runs under no_grad: no gradient is recorded.

## What it does

Finds training whose forward pass runs under `no_grad`, or after gradients were switched off.

## Why is this bad

No graph is recorded: `backward()` has nothing to go back through.

## Example

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    with torch.no_grad():
        pred = model(x)
    loss = F.mse_loss(pred, y).requires_grad_()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    pred = model(x)
    loss = F.mse_loss(pred, y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    runs = [e for e in training.forwards(p) if e.recv is not None and training.trained_output(p, e.result)]
    good = {id(o) for e in runs if e.grad and e.recv is not None for o in e.recv.options()}
    seen: set[int] = set()
    for event in runs:
        if (
            event.grad
            or event.recv is None
            or id(event.node) in seen
            or any(id(o) in good for o in event.recv.options())
        ):
            continue
        whole = [o for r in runs if r.grad and r.recv is not None for o in r.recv.options()]
        if any(ownership.contains(o, event.recv) for o in whole):
            continue  # a part that is trained elsewhere, read here for its features
        used = [
            o
            for _, o, _ in ownership.optimizers(p)
            if any(ownership.contains(h, event.recv) or h is event.recv for h in ownership.held(o))
            and event.recv.kind == "module"
        ]
        if not used or not _learns(event.recv):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB129",
            event,
            "the training forward pass runs under torch.no_grad(): no gradient is recorded",
            why="without a graph backward() cannot reach the parameters, so the model is never trained",
            fix="Run the forward pass of training outside no_grad()",
        )


def _learns(module: Val) -> bool:
    """Whether it has anything to train: a normaliser with running statistics has nothing."""
    subs = methods.submodules(module)
    return any(
        s.name.startswith(ownership.WEIGHTED) or "external" in s.tags or ownership.own_parameters(s) for s in subs
    )
