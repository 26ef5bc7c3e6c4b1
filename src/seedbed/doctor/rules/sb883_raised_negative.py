"""A ranking loss raises the score of the random item above the observed one.

## What it does

Finds `-logsigmoid(a - b)` and its like where `a` is the score of an item that is drawn at random on the spot and `b`
the score of the item from the data. Also losses whose two arguments are given in each other's place.

## Why is this bad

The drawn item is the negative. The model learns to rank what nobody chose above what was chosen.

## Example

```python
users, items = nn.Embedding(50, 8), nn.Embedding(90, 8)
optimizer = torch.optim.Adam([*users.parameters(), *items.parameters()])
for user, item in loader:
    other = torch.randint(0, 90, item.shape)
    liked = (users(user) * items(item)).sum(-1)
    unseen = (users(user) * items(other)).sum(-1)
    loss = -F.logsigmoid(unseen - liked).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
users, items = nn.Embedding(50, 8), nn.Embedding(90, 8)
optimizer = torch.optim.Adam([*users.parameters(), *items.parameters()])
for user, item in loader:
    other = torch.randint(0, 90, item.shape)
    liked = (users(user) * items(item)).sum(-1)
    unseen = (users(user) * items(other)).sum(-1)
    loss = -F.logsigmoid(liked - unseen).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import random_items as ranked
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        for up, down, val in ranked.pairs(back.recv) if back.recv is not None else ():
            if id(val.node) in seen or not ranked.from_drawn(up) or ranked.from_drawn(down) or not _from_data(down):
                continue
            seen.add(id(val.node))
            yield p.report(
                "SB883",
                _call(p, up, down) or val,
                f"positive and negative scores are swapped: the loss raises {up.var or 'the score'} of the randomly "
                f"drawn (negative) item above {down.var or 'that'} of the observed (positive) one",
                why="the model learns to rank what was drawn at random above what was chosen",
                fix="Exchange the two scores: the observed item comes first",
                related=((str(back.src.path), back.line, "backward()"),),
            )


def _from_data(val: Val) -> bool:
    """Whether every table is read at places that the data give."""
    found = ranked.inputs(val)
    return bool(found) and all(
        any(a.name in ("batch", "getitem", "element") for a in ancestors(i, limit=6)) for i in found
    )


def _call(p: Program, up: Val, down: Val) -> Event | None:
    """The call of the loss that was given both scores."""
    for event in p.once("invoke"):
        given = list(event.args)
        if any(q.same(a, up) for a in given) and any(q.same(a, down) for a in given):
            return event
    return None
