"""Backward() is never called: no parameter gets a gradient.

## What it does

Finds a training loop whose optimizer steps although `backward()` is never called.

## Why is this bad

Without `backward()` no parameter has a gradient. The optimizer skips every parameter and the model never
changes.

## Example

```python
for x, y in loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    optimizer.step()
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for step in p.once("step"):
        if not step.loops or step.name == "closure":
            continue
        loop = step.loops[-1]
        losses = [e for e in p.all("loss") if e.inside(loop)]
        runs = [e for e in training.forwards(p) if e.inside(loop) and e.grad]
        if p.all("backward") or not (losses or (runs and p.complete)):
            continue
        if any(e.inside(loop) for e in p.calls("backward", "manual_backward")):
            continue  # a method of a class that is not seen: Lightning's self.backward(loss)
        if any(e.name == "grad" for e in p.all("attribute")) or any(
            e.result is not None and e.result.name == "grad_fn"
            for e in p.calls("grad", "jacrev", "value_and_grad", "train_step", "training_step")
        ):
            continue
        uncalled = [
            e
            for e in p.all("discard")
            if e.result is not None and e.result.kind == "method" and e.result.name == "backward"
        ]
        if uncalled:
            continue
        yield p.report(
            "SB102",
            losses[-1] if losses else step,
            "backward() is never called: the parameters get no gradient and never change",
            why="optimizer.step() skips parameters whose .grad is None, so the weights stay as they were initialised",
            fix="Call loss.backward() between the loss and optimizer.step()",
        )
