"""PoissonNLLLoss gets a rate, but it expects its logarithm.

## What it does

Finds `PoissonNLLLoss` with its default `log_input=True` on a rate.

## Why is this bad

The loss exponentiates its input. A rate that is already `exp(...)` is exponentiated twice.

## Example

```python
model = nn.Linear(4, 1)
loss_fn = nn.PoissonNLLLoss()
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(torch.exp(model(x)), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
loss_fn = nn.PoissonNLLLoss()
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
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
        if event.name != "PoissonNLLLoss":
            continue
        flag = event.kwargs.get("log_input")
        for made in training.loss_origins(event.arg(0, "input")):
            if made.name in ("exp", "softplus", "relu") and (flag is None or flag.const is True):
                yield p.report(
                    "SB251",
                    event.recv if event.recv is not None and event.recv.line else event,
                    f"PoissonNLLLoss expects the log of the rate (log_input=True), but it gets {made.name}(...)",
                    why="the loss applies exp() itself, so the rate is exponentiated twice",
                    fix="Use PoissonNLLLoss(log_input=False), or pass the raw output",
                    related=(q.place(made),),
                )
            elif made.name in training.LOGIT_OPS and flag is not None and flag.const is False:
                yield p.report(
                    "SB251",
                    event,
                    "PoissonNLLLoss with log_input=False gets a raw output that can be negative",
                    why="a rate must be positive; its logarithm becomes NaN",
                    fix="Use log_input=True, or exp()/softplus() on the output",
                )
