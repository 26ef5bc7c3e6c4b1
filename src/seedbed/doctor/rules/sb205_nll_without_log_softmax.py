"""NLLLoss gets something else than log-probabilities.

## What it does

Finds `NLLLoss` that gets raw scores or probabilities instead of log-probabilities.

## Why is this bad

`NLLLoss` only picks and negates. Raw scores can be made ever larger: the loss falls below zero without end.

## Example

```python
model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
for x, y in loader:
    optimizer.zero_grad()
    F.nll_loss(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 3), nn.LogSoftmax(dim=1))
for x, y in loader:
    optimizer.zero_grad()
    F.nll_loss(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_LOGS = frozenset(["log_softmax", "logsigmoid", "log_sigmoid", "log"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name != "NLLLoss":
            continue
        found = training.loss_origins(event.arg(0, "input"))
        if any(made.name in _LOGS for made in found):
            continue  # one of the ways is right: which one is taken is not known
        for made in found:
            if made.kind == "tensor" and (
                made.name in training.LOGIT_OPS or made.name in training.PROBABILITY or made.name in ("relu", "tanh")
            ):
                what = "softmax output" if made.name in training.PROBABILITY else "raw logits"
                yield p.report(
                    "SB205",
                    _cause(made, event),
                    f"NLLLoss gets {what} instead of log-probabilities: log_softmax is missing",
                    why="it only negates the picked score, so the loss can fall without end (or stays "
                    "between -1 and 0)",
                    fix="Use log_softmax before NLLLoss, or CrossEntropyLoss on raw logits",
                    related=(q.place(made),),
                )


def _cause(made: Val, event: Event) -> Val | Event:
    """The softmax itself; for raw scores the end of the model's own ``forward``, else the loss."""
    if made.name in training.PROBABILITY:
        return q.spot(made, event)
    for val in q.chain(event.args[0]) if event.args else []:
        cls = getattr(val.owner, "owner", None) if val.name == "forward" else None
        method = cls.method("forward") if cls is not None and hasattr(cls, "method") else None
        if method is not None and method.node.lineno <= made.line <= (method.node.end_lineno or 0):
            return made
    return event
