"""Dropout with an implausible rate or place.

## What it does

Finds dropout with an implausible rate, or on the output of a model.

## Why is this bad

A rate of 0.9 keeps one unit in ten. Dropout on the logits sets right answers to zero at random.

## Example

```python
model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Dropout(0.95), nn.Linear(64, 3))
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 3))
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
    seen: set[int] = set()
    for event in p.first_makers("module"):
        made = event.result
        if made is None or made.kind != "module" or not made.name.startswith("Dropout"):
            continue
        rate = made.number(0, "p")
        if isinstance(rate, (int, float)) and not isinstance(rate, bool) and rate >= 0.85:
            seen.add(id(made.node))
            yield p.report(
                "SB511",
                event,
                f"dropout with p={rate} drops nearly everything (p is the rate that is dropped, not kept)",
                why="almost no signal or gradient gets through",
                fix="Use a rate between 0.1 and 0.5",
            )
    for event in p.once("loss"):
        pred = event.arg(0, "input")
        for one in pred.options() if pred is not None else []:
            current = one
            while current.name in ("forward", "squeeze", "view", "flatten", "getitem", "reshape") and current.args:
                current = current.args[0]
            if (
                current.name == "dropout"
                and current.args
                and any(o.name == "Linear" for o in training.loss_origins(current.args[0]))
                and p.trained(event.result)
                and id(current.node) not in seen
            ):
                seen.add(id(current.node))
                yield p.report(
                    "SB511",
                    q.spot(current, event),
                    "dropout on the output of the model: the logits are set to zero at random",
                    why="the loss then punishes right answers by chance",
                    fix="Put dropout before the last layer, not after it",
                )
