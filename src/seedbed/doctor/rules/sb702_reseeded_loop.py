"""The seed is set again in the loop: the same numbers in every pass.

## What it does

Finds a constant seed that is set again in every round of the training loop.

## Why is this bad

Every round draws the same numbers: the same shuffling, the same dropout masks, the same noise.

## Example

```python
for epoch in range(10):
    torch.manual_seed(0)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
torch.manual_seed(0)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import rounds, training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("call"):
        last = event.name.rsplit(".", 1)[-1]
        seeds = (
            last == "manual_seed"
            or event.name in ("numpy.random.seed", "random.seed")
            or last in ("set_seed", "seed_everything")
        )
        if not seeds or not event.loops:
            continue
        loops = [loop for loop in event.loops if any(b.inside(loop) for b in p.all("backward"))]
        if not loops or not rounds.repeats(loops[-1]) or event.conds_in(loops[-1]):
            continue
        value = event.args[0] if event.args else None
        varies = value is not None and (
            value.kind != "const"
            and (value.kind != "unknown" or any(v.kind == "number" for v in ancestors(value, limit=10)))
        )
        fresh = any(
            m.kind == "module" and any(n is loops[-1].node for n in m.loops) for m in training.trained_modules(p)
        )
        if (
            varies
            or fresh
            or (event.recv is not None and any(e.inside(loops[-1]) and e.result is event.recv for e in p.all("call")))
        ):
            continue
        yield p.report(
            "SB702",
            event,
            "the seed is set again in every round of the training loop: the same random numbers each time",
            why="shuffling, dropout and noise repeat exactly in every epoch, so the randomness has no effect",
            fix="Set the seed once, before the loop",
        )
    for event in p.once("call"):
        last = event.name.rsplit(".", 1)[-1]
        seeds = last == "manual_seed" or event.name in ("numpy.random.seed", "random.seed")
        value = event.args[0] if event.args else None
        drawn = last in ("default_rng", "RandomState") and value is not None
        if (seeds or drawn) and value is not None and value.kind == "const" and value.const is not None:  # noqa: SIM102
            if any(f.name == "__getitem__" for f in event.funcs):
                yield p.report(
                    "SB702",
                    event,
                    "the random generator is seeded again in __getitem__: every sample gets the same random numbers",
                    why="the augmentation is identical for all samples and epochs, so it has no effect",
                    fix="Seed once, outside __getitem__",
                )
