"""Softmax before CrossEntropyLoss: it expects raw logits.

## What it does

Follows the input of `CrossEntropyLoss` back through the program, also through the model's last layer, and
finds a softmax or sigmoid.

## Why is this bad

`CrossEntropyLoss` applies log-softmax itself. With probabilities as input the gradient is squashed:
training is slow and stops at a high loss.

## Example

```python
model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 3))
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
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
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name != "CrossEntropyLoss" or (not event.args and "input" not in event.kwargs):
            continue
        for made in training.sure_origins(event.arg(0, "input")):
            name = training.squash(made)
            if name and not _chosen(p, made):
                yield p.report(
                    "SB201",
                    q.spot(made, event),
                    f"{name} before CrossEntropyLoss: cross_entropy expects raw logits, not "
                    f"{'softmax output' if name != 'sigmoid' else 'sigmoid output'}",
                    why="it applies log-softmax itself, so the gradient is squashed and training stalls at a "
                    "higher loss",
                    fix=f"Pass the raw scores: delete the {name} (apply it only for prediction)",
                    related=((str(event.src.path), event.line, "the loss"),),
                )


def _chosen(p: Program, made: Val) -> bool:
    """Whether the layer was added in some rounds of a loop only, so that it need not be the last one."""
    if made.owner is None:
        return False
    makers = [e for e in p.all("make", "call") if e.result is made.owner and e.loops]
    return any(e.conds_in(e.loops[-1]) for e in makers)
