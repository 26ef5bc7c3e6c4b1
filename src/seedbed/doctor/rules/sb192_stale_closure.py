"""The closure of LBFGS does not compute the loss anew.

## What it does

Finds closures for LBFGS in which no `backward()` runs.

## Why is this bad

LBFGS calls the closure several times at new weights. A closure that returns an old loss gives it old gradients: the
line search works on nothing.

## Example

```python
optimizer = torch.optim.LBFGS(model.parameters())
for step in range(20):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    optimizer.step(lambda: loss)
```

## Use instead

```python
optimizer = torch.optim.LBFGS(model.parameters())
for step in range(20):
    def closure():
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        return loss
    optimizer.step(closure)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("step"):
        if event.name != "closure" or event.recv is None or event.recv.name != "LBFGS":
            continue
        func = event.args[0] if event.args else None
        if func is None or func.owner is None:
            continue
        inside = [b for b in p.all("backward") if any(f is func.owner for f in b.funcs)]
        if inside or not p.all("backward") or any(q.same(s.recv, event.recv) for s in p.all("scaler_step")):
            continue
        yield p.report(
            "SB192",
            event,
            "the closure of LBFGS does not call backward(): it returns a stale loss with stale gradients",
            why="LBFGS evaluates the closure several times per step, at other weights each time",
            fix="Let the closure do zero_grad(), the forward pass and loss.backward(), and return the loss",
        )
