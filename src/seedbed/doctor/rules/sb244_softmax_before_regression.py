"""MSE on class indices or one-hot targets.

## What it does

Finds mean squared error on class indices.

## Why is this bad

Class numbers have no order: class 5 is not far from class 0. The model learns averages of labels.

## Example

```python
model = nn.Linear(4, 1)
data = torch.randn(64, 4)
label = data.argmax(dim=1)
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model(data).squeeze(1), label.float()).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 4)
data = torch.randn(64, 4)
label = data.argmax(dim=1)
for step in range(100):
    optimizer.zero_grad()
    F.cross_entropy(model(data), label).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if q.has_unlike_heads(p):
        return
    for event in p.once("loss"):
        if (
            event.name not in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss")
            or len(event.args) < 2
            or not p.trained(event.result)
        ):
            continue
        goal = [v for v in q.chain(event.args[1]) if v.kind == "tensor" and v.name == "argmax"]
        if goal and not any(v.name in ("one_hot", "eye", "compare") for v in q.chain(event.args[1])):
            yield p.report(
                "SB244",
                event,
                "MSE on class indices: a classification is trained as a regression on class ids",
                why="class numbers have no order and no distance, so the model learns averages of labels",
                fix="Use one output per class and CrossEntropyLoss",
                related=(q.place(goal[0]),),
            )
