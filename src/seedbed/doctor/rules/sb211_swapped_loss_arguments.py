"""The loss gets target and prediction in the wrong order.

## What it does

Finds a loss that gets target and prediction in the wrong order.

## Why is this bad

For cross-entropy, NLL, BCE and KL the order matters: gradient flows into the wrong place.

## Example

```python
model = nn.Linear(4, 1)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.binary_cross_entropy(y, torch.sigmoid(model(x)))
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.binary_cross_entropy(torch.sigmoid(model(x)), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    wanted = ("CrossEntropyLoss", "NLLLoss", "BCELoss", "BCEWithLogitsLoss", "KLDivLoss", "PoissonNLLLoss")
    for event in p.once("loss"):
        if event.name not in wanted or len(event.args) < 2 or not event.grad:
            continue
        first, second = event.args[0], event.args[1]
        if (
            second.grad
            and not first.grad
            and first.kind in ("tensor", "unknown")
            and any(v.name == "forward" or v.owner is not None for v in ancestors(second))
        ):
            known = any(v.name == "forward" or getattr(v.owner, "kind", "") == "module" for v in ancestors(first))
            if known and event.name != "KLDivLoss":
                continue
            yield p.report(
                "SB211",
                event,
                f"{event.name} gets the target first and the prediction second: the arguments are swapped",
                why="the loss treats the labels as predictions, so its value and gradient are wrong",
                fix="Pass the prediction first: loss_fn(prediction, target)",
            )
