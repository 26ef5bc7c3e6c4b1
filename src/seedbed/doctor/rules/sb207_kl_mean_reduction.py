"""KLDivLoss with reduction='mean' is not the KL divergence.

## What it does

Finds `KLDivLoss` with `reduction="mean"`, which is the default.

## Why is this bad

It divides by the number of elements, not of samples. The result is the divergence divided by the number of
classes.

## Example

```python
for x, target in loader:
    optimizer.zero_grad()
    loss = F.kl_div(F.log_softmax(model(x), dim=1), target)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
for x, target in loader:
    optimizer.zero_grad()
    loss = F.kl_div(F.log_softmax(model(x), dim=1), target, reduction="batchmean")
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name != "KLDivLoss":
            continue
        reduction = event.kwargs.get("reduction")
        if (reduction is None and not event.kwargs.get("size_average")) or (
            reduction is not None and reduction.const == "mean"
        ):
            yield p.report(
                "SB207",
                event,
                "KLDivLoss with reduction='mean' divides by the number of classes too: it is not the KL divergence",
                why="the loss (and its gradient) is too small by the number of classes",
                fix="Use reduction='batchmean'",
            )
