"""The optimizer holds the parameters of another model.

## What it does

Finds an optimizer that holds the parameters of a model that takes no part in the loss.

## Why is this bad

The model that is trained never changes; the one that changes is never used.

## Example

```python
encoder = nn.Linear(4, 8)
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(encoder.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    table = ownership.optimizers(p)
    for event, optimizer, modules in table:
        trained = list(training.trained_modules(p))
        if not trained or not modules or any(m.kind != "module" for m in trained):
            continue
        if not any(q.same(s.recv, optimizer) for s in p.all("step")):
            continue
        if sum(other.node is event.node for other, _, _ in table) > 1:
            continue  # made by a helper for several models
        if all(any(ownership.related(m, t) for _, _, ms in table for m in ms) for t in trained):
            continue  # each of them has an optimizer of its own
        if any(ownership.related(m, t) for m in modules for t in trained) or _stale(modules, trained):
            continue
        if any(
            e.recv is not None and any(m is e.recv for m in modules) and e.grad and training.trained_output(p, e.result)
            for e in p.all("forward")
        ):
            continue
        if any(m in ancestors(b.recv, limit=3000) for b in p.all("backward") if b.recv is not None for m in modules):
            continue  # called by torch.func, or its parameters are penalised
        if any(c.copied is not None for c in [*modules, *trained]) and not p.complete:
            continue
        if q.sets_gradients(p):
            continue  # gradients are put there by hand
        yield p.report(
            "SB116",
            event,
            f"the optimizer holds the parameters of {modules[0].var or modules[0].name}, but the loss is computed with {trained[0].var or trained[0].name}",  # noqa: E501
            why="the model that is trained is in no optimizer, so its weights are not updated",
            fix=f"Give the optimizer {trained[0].var or 'model'}.parameters()",
            related=(q.place(trained[0]),),
        )


def _stale(modules: list[Val], trained: list[Val]) -> bool:
    """The same variable was given a new model afterwards: another check."""
    return any(m.name == t.name and m.seq < t.seq and (m.owner or m.var == t.var) for m in modules for t in trained)
