"""The evaluation loop uses a value that the training loop left behind.

## What it does

Finds evaluation loops that add up or compare a loss or prediction that was made in the training loop, not from the
batch at hand.

## Why is this bad

The name still holds the last training batch. The validation loss is a copy of a training loss, or predictions of one
batch are compared with the labels of another.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    model.eval()
    total = 0.0
    with torch.no_grad():
        for x, y in val_loader:
            val_loss = F.cross_entropy(model(x), y)
            total += loss.item()
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    model.eval()
    total = 0.0
    with torch.no_grad():
        for x, y in val_loader:
            val_loss = F.cross_entropy(model(x), y)
            total += val_loss.item()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("augment", "keep", "compare"):
        loop = event.loop
        if loop is None or not event.args or id(event.node) in seen or not rounds.is_loader_loop(loop):
            continue
        if any(b.inside(loop) for b in p.all("backward")):
            continue
        for val in event.args[: 1 if event.kind != "compare" else 2]:
            made = _made(val)
            if made is None or not p.trained(made) or not _elsewhere(p, made, loop, event):
                continue
            seen.add(id(event.node))
            what = "loss" if made.name == "loss" else "prediction"
            yield p.report(
                "SB341",
                event,
                f"the evaluation loop uses the {what} of the last training batch, not one of its own batches",
                why="the name still holds the value of the training loop, so the validation figure is stale",
                fix="Compute it from the batch of this loop and use that variable",
                related=(q.place(made),),
            )
            break


def _made(val: Val) -> Val | None:
    """The loss or model output that a number or class is taken from."""
    one = f.core(val)
    for _ in range(8):
        if one.name in ("argmax", "mul", "mean", "sum", "sigmoid", "softmax", "compare", "max") and one.args:
            one = f.core(one.args[0])
        elif one.name == "loss" or (one.name in ("forward", "Linear") and one.owner is not None):
            return one
        else:
            return None
    return None


def _elsewhere(p: Program, made: Val, loop: LoopRun, event: Event) -> bool:
    """Whether a value is from another loop over batches than the one it is used in."""
    own = rounds.loop_of(p, made)
    if own is None or own.node is loop.node or not rounds.is_loader_loop(own):
        return False
    first, last = own.line, getattr(own.node, "end_lineno", 0) or 0
    start = loop.line
    return own.src is loop.src and not first <= start <= last and start > last and made.line < start
