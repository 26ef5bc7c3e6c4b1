"""Scores or probabilities are compared with labels by ==.

## What it does

Finds raw model outputs, or the results of sigmoid and softmax, that are compared with labels for equality without
argmax, a threshold or rounding before it; also scores that are cut to integers.

## Why is this bad

A probability of 0.97 is not equal to the label 1. The accuracy is near zero whatever the model predicts; cut to an
integer, everything below 1 becomes class 0.

## Example

```python
model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
model.eval()
with torch.no_grad():
    for x, y in loader:
        correct = (model(x).squeeze(1) == y).sum()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
model.eval()
with torch.no_grad():
    for x, y in loader:
        correct = ((model(x).squeeze(1) > 0.5) == y).sum()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import measures, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_SCORES = training.LOGIT_OPS | training.PROBABILITY | {"log_softmax"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event, left, right in measures.equalities(p):
        for guess, truth in ((left, right), (right, left)):
            made = [v for v in measures.elements(guess) if v.kind == "tensor"]
            scores = [v for v in made if (v.name in _SCORES and v.owner is not None) or v.name in training.PROBABILITY]
            if not scores or len(scores) != len(made) or not measures.is_label(truth) or _cut(p, event, guess):
                continue
            what = "probabilities" if scores[0].name in training.PROBABILITY else "raw scores"
            yield p.report(
                "SB330",
                event,
                f"{what} are compared with the labels for equality: argmax or a threshold is missing",
                why="a score is practically never equal to a class number, so the accuracy means nothing",
                fix="Use scores.argmax(dim=1) == y, or (probability > 0.5) == y",
                related=(q.place(scores[0]),),
            )
            break


def _cut(p: Program, event: Event, guess: Val) -> bool:
    """Whether a threshold was written into the scores before: ``scores[scores > 0.5] = 1``."""
    parts = {id(v) for v in q.chain(guess)}
    return any(
        e.seq < event.seq and e.recv is not None and id(e.recv) in parts and e.args[0].name == "compare"
        for e in p.all("setitem")
        if len(e.args) > 1 and e.args[-1].kind == "const"
    )
