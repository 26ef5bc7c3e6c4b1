"""Log_softmax before CrossEntropyLoss is redundant.

## What it does

Finds `log_softmax` before `CrossEntropyLoss`.

## Why is this bad

The loss applies log-softmax again. The value is the same, but it costs time and hides what the model
returns.

## Example

```python
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(F.log_softmax(nn.Linear(4, 3)(x), dim=1), y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    loss = F.nll_loss(F.log_softmax(nn.Linear(4, 3)(x), dim=1), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name != "CrossEntropyLoss":
            continue
        for made in training.sure_origins(event.arg(0, "input")):
            if made.kind == "tensor" and made.name == "log_softmax":
                yield p.report(
                    "SB202",
                    q.spot(made, event),
                    "log_softmax before CrossEntropyLoss: log-softmax is applied twice",
                    why="cross_entropy expects raw logits and applies log_softmax itself",
                    fix="Use NLLLoss with log_softmax, or pass raw logits to CrossEntropyLoss",
                )
