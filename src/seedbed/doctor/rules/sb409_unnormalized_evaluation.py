"""Evaluation inputs are not normalised as the training inputs are.

## What it does

Finds evaluation inputs that are not normalised as the training inputs are.

## Why is this bad

The model sees another scale than in training: its predictions are wrong.

## Example

```python
mean, std = x_train.mean(0), x_train.std(0)
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model((x_train - mean) / std), y_train).backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    pred = model(x_test)
```

## Use instead

```python
mean, std = x_train.mean(0), x_train.std(0)
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model((x_train - mean) / std), y_train).backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    pred = model((x_test - mean) / std)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    trained: dict[int, Event] = {}
    for event in training.forwards(p):
        if event.recv is not None and event.args and event.grad and training.trained_output(p, event.result):
            trained.setdefault(id(event.recv), event)
    seen: set[int] = set()
    for event in training.evaluations(p):
        if event.recv is None or not event.args or id(event.node) in seen:
            continue
        before = trained.get(id(event.recv))
        if before is None:
            continue
        how = d.scaling(before.args[0])
        here = d.scaling(event.args[0])
        if how and here == "" and event.args[0].kind in ("tensor", "unknown", "phi") and d.known_source(event.args[0]):
            seen.add(id(event.node))
            yield p.report(
                "SB409",
                event,
                "the evaluation inputs are not normalised, but the training inputs are",
                why=f"in training the inputs are scaled ({how}, line {before.line}); here the raw values go in",
                fix="Apply the same normalisation (with the training statistics) before the model",
                related=((str(before.src.path), before.line, "the training inputs"),),
            )
