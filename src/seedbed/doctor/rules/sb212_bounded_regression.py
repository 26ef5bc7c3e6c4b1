"""The output activation cannot reach the targets.

## What it does

Finds a regression whose output activation cannot reach the targets.

## Why is this bad

ReLU gives no negative value, sigmoid and softmax stay between 0 and 1: part of the targets can never be
met.

## Example

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1), nn.ReLU())
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data = torch.randn(64, 4)
target = data.sum(1, keepdim=True)
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model(data), target).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data = torch.randn(64, 4)
target = data.sum(1, keepdim=True)
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model(data), target).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import ranges, training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_LAYERS = frozenset(["Linear", "linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name not in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss") or len(event.args) < 2:
            continue
        yield from _check(p, event, event.args[0], event.args[1])
    for val, event in training.squared_errors(p):
        yield from _check(p, event, val.args[0], val.args[1])


def _check(p: Program, event: Event, pred: Val, target: Val) -> Iterator[Finding]:
    for made in training.sure_origins(pred):
        if made.kind != "tensor" or made.name not in (
            "relu",
            "sigmoid",
            "softmax",
            "softplus",
            "relu6",
            "tanh",
            "exp",
        ):
            continue
        if not made.args or not any(o.name in _LAYERS for o in training.loss_origins(made.args[0])):
            continue
        if f.from_model(target):
            continue  # a teacher or the features of a picture: it ends as its own model ends
        signed = ranges.can_be_negative(target)
        if signed is not True or (made.name == "tanh" and not ranges.unbounded(target)):
            continue
        yield p.report(
            "SB212",
            q.spot(made, event),
            f"{made.name} on the output of a regression: the targets have values that it cannot reach",
            why="the output activation bounds the range, so targets below or above it are never predicted",
            fix=f"Delete the final {made.name}: a regression output is linear",
            related=((str(event.src.path), event.line, "the loss"),),
        )
