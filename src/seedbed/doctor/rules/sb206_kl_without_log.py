"""KLDivLoss expects log-probabilities as its input.

## What it does

Finds `KLDivLoss` whose first argument is not a log-probability, or whose second is one without
`log_target=True`.

## Why is this bad

The loss is then no divergence: it can be negative and its minimum is somewhere else.

## Example

```python
student = nn.Linear(4, 3)
teacher = nn.Linear(4, 3)
for x in loader:
    optimizer.zero_grad()
    target = F.softmax(teacher(x), dim=1).detach()
    F.kl_div(F.softmax(student(x), dim=1), target, reduction="batchmean").backward()
    optimizer.step()
```

## Use instead

```python
student = nn.Linear(4, 3)
teacher = nn.Linear(4, 3)
for x in loader:
    optimizer.zero_grad()
    target = F.softmax(teacher(x), dim=1).detach()
    F.kl_div(F.log_softmax(student(x), dim=1), target, reduction="batchmean").backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name != "KLDivLoss":
            continue
        logged = event.kwargs.get("log_target")
        for made in training.loss_origins(event.arg(0, "input")):
            if made.kind == "tensor" and (made.name in training.PROBABILITY or made.name in training.LOGIT_OPS):
                yield p.report(
                    "SB206",
                    event,
                    f"KLDivLoss gets {made.name} output: its input must be log-probabilities (log_softmax)",
                    why="kl_div does not take the logarithm of its input, so the result is no KL divergence",
                    fix="Use F.log_softmax for the first argument",
                    related=(q.place(made),),
                )
        if logged is None or logged.const is False:
            for made in training.loss_origins(_unscaled(event.arg(1, "target"))):
                if made.kind == "tensor" and made.name in ("log_softmax", *training.LOGIT_OPS):
                    yield p.report(
                        "SB206",
                        event,
                        f"KLDivLoss gets {made.name} output as its target, but the target must be probabilities",
                        why="the target is not exponentiated unless log_target=True, so the result is no KL divergence",
                        fix="Use softmax for the target, or log_target=True with log_softmax",
                        related=(q.place(made),),
                    )
        elif logged.const is True:
            for made in training.loss_origins(event.arg(1, "target")):
                if made.kind == "tensor" and made.name in (*training.PROBABILITY, *training.LOGIT_OPS):
                    yield p.report(
                        "SB206",
                        event,
                        f"KLDivLoss with log_target=True gets {made.name} output as its target: log_softmax is missing",
                        why="the target is read as a logarithm and exponentiated, so the result is no KL divergence",
                        fix="Use log_softmax for the target, or leave log_target=False with softmax",
                        related=(q.place(made),),
                    )


def _unscaled(val: Val | None) -> Val | None:
    """A value without the temperature that it is divided by."""
    while val is not None and val.name in ("div", "mul") and len(val.args) == 2 and val.args[1].kind == "const":
        val = val.args[0]
    return val
