"""Sigmoid or softmax is applied to its own result.

## What it does

Finds a sigmoid of a sigmoid, a softmax of a softmax, and a log-softmax of a softmax: usually the model already ends
in one and the loss or the evaluation applies another.

## Why is this bad

The second sigmoid maps 0..1 to 0.5..0.73: cut at 0.5, every sample is positive. The second softmax makes all
classes nearly equal, so confidences and thresholds are wrong.

## Example

```python
model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
model.eval()
with torch.no_grad():
    for x, y in loader:
        pred = torch.sigmoid(model(x)) > 0.5
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
model.eval()
with torch.no_grad():
    for x, y in loader:
        pred = model(x) > 0.5
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program

_TWICE = {("sigmoid", "sigmoid"), ("softmax", "softmax"), ("log_softmax", "softmax"), ("sigmoid", "softmax")}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("call", "forward") if p.made("sigmoid", "softmax", "log_softmax") else ():
        made = event.result
        if made is None or made.kind != "tensor" or not made.args or id(made.node) in seen:
            continue
        if made.name not in ("sigmoid", "softmax", "log_softmax"):
            continue
        inner = [o for o in training.loss_origins(made.args[0]) if o.kind != "const"]
        if not inner or not all(o.kind == "tensor" and (made.name, o.name) in _TWICE for o in inner):
            continue  # a layer that a factory picks by name may be any other one
        if any(o is made for o in inner):
            continue
        seen.add(id(made.node))
        yield p.report(
            "SB332",
            made,
            f"{made.name} is applied to the result of {inner[0].name}: the values are probabilities already",
            why="a second sigmoid gives 0.5..0.73 for everything, a second softmax makes all classes nearly equal",
            fix=f"Apply only one of them: leave out this {made.name}, or end the model with raw logits",
            related=(q.place(inner[0]),),
        )
