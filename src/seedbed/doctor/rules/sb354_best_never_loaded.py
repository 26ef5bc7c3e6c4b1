"""The best weights are saved, but the test uses the last ones.

## What it does

Finds programs that save a checkpoint whenever the validation score improves, never load one, and then measure the
test data.

## Why is this bad

The test measures the weights of the last epoch; the choice of the best epoch has no effect.

## Example

```python
best = float("inf")
for epoch in range(20):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        loss = F.mse_loss(model(x_val), y_val).item()
    if loss < best:
        best = loss
        torch.save(model.state_dict(), "best.pt")
with torch.no_grad():
    print(F.mse_loss(model(x_test), y_test))
```

## Use instead

```python
best = float("inf")
for epoch in range(20):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        loss = F.mse_loss(model(x_val), y_val).item()
    if loss < best:
        best = loss
        torch.save(model.state_dict(), "best.pt")
model.load_state_dict(torch.load("best.pt"))
with torch.no_grad():
    print(F.mse_loss(model(x_test), y_test))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import best, lineage, training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.rounds import split_of_val
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or "load_model" in p.source.text:
        return
    yield from _too_late(p)
    if p.all("restore") or p.all("load"):
        return
    saves = [e for e in p.all("save") if e.loops and best.when_better(e)]
    if not saves:
        return
    save = saves[0]
    inner = {id(x.node) for b in p.all("backward") for x in b.loops}
    for event in training.evaluations(p):
        own = any(id(x.node) in inner for x in event.loops)
        if event.seq < saves[-1].seq or own or not event.args or not _test(event.args[0]):
            continue
        yield p.report(
            "SB354",
            save,
            "the best weights are saved but never loaded: the test uses the weights of the last epoch",
            why="without load_state_dict the checkpoint of the best epoch is never used (not restored)",
            fix="Before the test: model.load_state_dict(torch.load(path))",
            related=((str(event.src.path), event.line, "the test"),),
        )
        return


def _too_late(p: Program) -> Iterator[Finding]:
    """The test is run, and only then the best weights are put back."""
    copied = [e for _, v, e in p.assigns if "deepcopy" in v.tags and v.kind == "state"]
    kept = [e for e in (*copied, *p.all("save")) if e.loops and best.when_better(e)]
    last = max((e.seq for e in kept), default=None)
    if last is None:
        return
    inner = {id(x.node) for b in p.all("backward") for x in b.loops}
    back = [e for e in p.all("restore") if e.seq > last and not any(id(x.node) in inner for x in e.loops)]
    tests = [
        e
        for e in training.evaluations(p)
        if e.seq > last and e.args and not any(id(x.node) in inner for x in e.loops) and _test(e.args[0])
    ]
    if not back or not tests or any(e.seq > back[0].seq for e in (*tests, *training.evaluations(p))):
        return
    if any(e.recv is not None and back[0].recv is not e.recv for e in tests):
        return
    yield p.report(
        "SB354",
        back[0],
        "the best weights are loaded only after the test: the test has measured the weights of the last epoch",
        why="the kept best epoch has no effect on the reported score",
        fix="Move load_state_dict() before the test",
        related=((str(tests[0].src.path), tests[0].line, "the test"),),
    )


def _test(x: Val) -> bool:
    steps = lineage.path(x, 40)
    loaders = [v.args[1] for v in steps if v.name == "batch" and len(v.args) > 1]
    return any(split_of_val(v) == "test" for v in (*loaders, *steps))
