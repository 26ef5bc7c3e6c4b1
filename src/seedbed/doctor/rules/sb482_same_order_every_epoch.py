"""The order of the training data is the same in every epoch.

## What it does

Finds a random generator that is made (or seeded) anew with one fixed number in every epoch and shuffles the training
data.

## Why is this bad

The batches hold the same samples in the same order every time: shuffling has lost its purpose.

## Example

```python
for epoch in range(10):
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    for part in order.split(32):
        optimizer.zero_grad()
        F.cross_entropy(model(x[part]), y[part]).backward()
        optimizer.step()
```

## Use instead

```python
generator = torch.Generator().manual_seed(0)
for epoch in range(10):
    order = torch.randperm(len(x), generator=generator)
    for part in order.split(32):
        optimizer.zero_grad()
        F.cross_entropy(model(x[part]), y[part]).backward()
        optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import rounds
from seedbed.doctor.static.lineage import GENERATORS
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val

_ORDERS = frozenset(
    ["randperm", "permutation", "shuffle", "DataLoader", "RandomSampler", "randint", "choice", "sample"]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    makers = {
        id(e.result): e for e in p.calls(*_SEEDED) if e.result is not None and e.name.rsplit(".", 1)[-1] in _SEEDED
    }
    for event in p.calls(*_ORDERS):
        if event.name.rsplit(".", 1)[-1] not in _ORDERS or not event.loops or id(event.node) in told:
            continue
        loop = _epochs(p, event)
        source = event.kwargs.get("generator") or event.recv or (event.args[0] if event.args else None)
        if loop is None or source is None:
            continue
        fixed = _fixed(source)
        if fixed is None or (
            event.name.endswith("DataLoader") and getattr(event.arg(2, "shuffle"), "const", None) is not True
        ):
            continue
        maker = makers.get(id(source)) or makers.get(id(fixed))
        if maker is None or not maker.inside(loop) or not any(maker.rounds):
            continue
        told.add(id(event.node))
        yield p.report(
            "SB482",
            maker,
            f"the generator is seeded anew with {fixed.args[-1].const} in every epoch: the order is always the same",
            why="every epoch draws the same permutation (shuffle), so the batches are the same every time",
            fix="Make the generator once before the loop, or add the epoch to the seed",
        )


_SEEDED = frozenset(["manual_seed", *GENERATORS])


def _fixed(source: Val) -> Val | None:
    """The call that seeded a generator with a constant."""
    for one in (source, *source.args[:1]):
        if one.name in _SEEDED and one.args and one.args[-1].kind == "const" and type(one.args[-1].const) is int:
            return one
    return None


def _epochs(p: Program, event: Event) -> LoopRun | None:
    """The loop of epochs around an order that batches are taken from."""
    for loop in event.loops:
        if not rounds.repeats(loop):
            continue
        backs = [b for b in p.all("backward") if b.inside(loop)]
        made = [
            m for m in p.all("make", "call") if m.inside(loop) and m.result is not None and m.result.kind == "optimizer"
        ]
        if backs and not made:
            return loop
    return None
