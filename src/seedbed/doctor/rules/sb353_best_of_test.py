"""The best of all test scores is reported as the result.

## What it does

Finds the maximum (or minimum) over epochs of a score on the test data that is reported.

## Why is this bad

The epoch is chosen by looking at the test data: the reported number is too good.

## Example

```python
scores = []
for epoch in range(20):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        scores.append((model(x_test).argmax(1) == y_test).float().mean().item())
print("test accuracy", max(scores))
```

## Use instead

```python
scores = []
for epoch in range(20):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        scores.append((model(x_test).argmax(1) == y_test).float().mean().item())
print("test accuracy of the last epoch", scores[-1])
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.rounds import split_of_val
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    picks = [e for e in p.first_calls("max", "min", "amax", "amin", "argmax") if e.args]
    if not picks or not p.all("keep"):
        return
    inner = {id(x.node) for b in p.all("backward") for x in b.loops}
    measured = lineage.feeds(p)[1]
    tests = {id(f.event.result) for f in measured if _test(f.x)}
    others = {id(f.event.result) for f in measured if not _test(f.x)}
    if not tests:
        return
    for event in picks:
        if any(id(x.node) in inner for x in event.loops):
            continue
        kept = _kept(p, event, inner)
        if kept is None:
            continue
        behind = {id(v) for v in ancestors(kept.args[-1], limit=400)}
        if behind & tests and not behind & others:
            yield p.report(
                "SB353",
                event,
                "the best test score over all epochs is reported: the test data chooses the epoch (model selection)",
                why="picking the maximum over epochs is selection on the test set, so the score is too good",
                fix="Choose the epoch by validation data and report the test score of that epoch once",
                related=((str(kept.src.path), kept.line, "scores of each epoch"),),
            )


def _kept(p: Program, event: Event, inner: set[int]) -> Event | None:
    """Where the list whose best value is taken was filled, once per epoch."""
    wanted = {id(o) for o in event.args[0].options()}
    for one in p.all("keep"):
        if id(one.recv) in wanted and one.args and any(id(x.node) in inner for x in one.loops):
            return one
    return None


def _test(x: Val) -> bool:
    names = {split_of_val(v) for v in lineage.path(x, 40)}
    loaders = {split_of_val(v.args[1]) for v in lineage.path(x, 40) if v.name == "batch" and len(v.args) > 1}
    found = (names | loaders) - {"", "train"}
    return found == {"test"}
