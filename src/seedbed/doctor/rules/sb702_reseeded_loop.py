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
from seedbed.doctor.static import drawing, rounds, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors

_UPDATES = ("step", "scaler_step", "manual")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    done: set[int] = set()
    for event in p.all("call"):
        if not event.loops or id(event.node) in done:
            continue
        last = event.name.rsplit(".", 1)[-1]
        seeds = (
            last == "manual_seed"
            or event.name in ("numpy.random.seed", "random.seed")
            or last in ("set_seed", "seed_everything")
        )
        if not seeds or not event.loops:
            continue
        loops = [
            loop
            for loop in event.loops
            if rounds.repeats(loop) and all(any(b.inside(loop) for b in p.all(*k)) for k in (("backward",), _UPDATES))
        ]
        if not loops or event.conds_in(loops[-1]):
            continue
        value = event.args[0] if event.args else None
        varies = value is not None and (
            value.kind != "const"
            and (value.kind != "unknown" or any(v.kind == "number" for v in ancestors(value, limit=10)))
        )
        fresh = any(
            m.kind == "module" and any(n is loops[-1].node for n in m.loops) for m in training.trained_modules(p)
        ) or any(e.inside(loops[-1]) for e in p.makers("optimizer"))  # every round is a training of its own
        if (
            varies
            or fresh
            or any(e.inside(loops[-1]) for e in p.calls("fork_rng", "set_rng_state", "setstate", "set_state"))
            or (event.recv is not None and any(e.inside(loops[-1]) and e.result is event.recv for e in p.all("call")))
        ):
            continue
        done.add(id(event.node))
        helper = bool(event.funcs) and "seed" in event.funcs[-1].name.lower() and bool(event.sites)
        yield p.report(
            "SB702",
            event.sites[-1] if helper else event,
            "the seed is set again in every round of the training loop: the same random numbers each time",
            why="with the same seed (manual_seed) shuffling, dropout and noise are identical in every round",
            fix="Set the seed once, before the loop",
        )
    yield from _generators(p)
    yield from _noise(p)
    yield from _in_samples(p)


def _in_samples(p: Program) -> Iterator[Finding]:
    """Generators that are seeded with a number in ``__getitem__``."""
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


_GENERATORS = ("Generator", "default_rng", "RandomState", "Random", "manual_seed")


def _generators(p: Program) -> Iterator[Finding]:
    """An order of the training data that is drawn in every epoch from a generator with the same seed."""
    seen: set[int] = set()
    for event in p.calls("randperm", "DataLoader", "permutation", "shuffle", "RandomSampler"):
        source = event.kwargs.get("generator") or event.recv
        if source is None or not event.loops or id(event.node) in seen:
            continue
        if event.name.endswith("DataLoader") and getattr(event.kwargs.get("shuffle"), "const", None) is not True:
            continue
        loop = next((r for r in event.loops if _made_in(p, source, r)), None)
        if loop is None or not rounds.repeats(loop) or not any(s.inside(loop) for s in p.all("step")):
            continue
        seed = _seed(p, source)
        if (
            seed is None
            or rounds.counted(p, seed)
            or any(loop.node in m.loops for m in training.trained_modules(p) if m.kind == "module")
            or not drawing.orders_training(p, event)
        ):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB702",
            _place(p, source, seed) or q.site(event, loop),
            f"the generator is seeded again with {seed.const!r} in every epoch: the data come in the same order each "
            "time",
            why="a generator that is made (or seeded) inside the loop starts again, so shuffling has no effect after "
            "the first epoch",
            fix="Make the generator once, before the loop (or seed it with seed + epoch)",
        )


_NOISE = ("randn", "rand", "normal", "randn_like", "rand_like", "standard_normal", "uniform", "bernoulli", "random")


def _noise(p: Program) -> Iterator[Finding]:
    """Noise of a training step that comes from a generator with the same seed in every step."""
    seen: set[int] = set()
    for event in p.calls(*_NOISE):
        source, made = event.kwargs.get("generator") or event.recv, event.result
        if source is None or made is None or not event.loops or id(event.node) in seen or not p.trained(made):
            continue
        loop = event.loops[-1]
        if (
            event.conds_in(loop)
            or not rounds.repeats(loop)
            or not any(s.loop is not None and s.loop.node is loop.node for s in p.all("step"))
        ):
            continue
        fresh = [v for v in ancestors(source, limit=10) if v.name in _GENERATORS and loop.node in v.loops]
        seed = _seed(p, source)
        if not fresh or seed is None or seed.kind != "const" or rounds.counted(p, seed):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB702",
            fresh[-1] if fresh[-1].line else event,
            f"the generator is seeded again with {seed.const!r} in every step: the noise is the same each time",
            why="a generator that is made inside the step starts again, so the model sees one fixed noise pattern",
            fix="Make the generator once, before the loop",
            related=((str(event.src.path), event.line, "drawn here"),),
        )


def _place(p: Program, source: Val, seed: Val) -> Event | None:
    """The call that sets the seed, where the number is written into a helper."""
    calls = [e for e in p.all("call") if e.result is not None and any(a is seed for a in (*e.args, *e.kwargs.values()))]
    calls = [e for e in calls if e.name.rsplit(".", 1)[-1] in _GENERATORS and e.funcs and e.line == seed.line]
    return next((e for e in calls if q.same(e.recv, source) or e.result is source), calls[0] if calls else None)


def _made_in(p: Program, source: Val, loop: LoopRun) -> bool:
    """Whether a generator is made or seeded in a loop."""
    if any(v.name in _GENERATORS and loop.node in v.loops for v in ancestors(source, limit=10)):
        return True
    return any(e.inside(loop) and q.same(e.recv, source) for e in p.calls("manual_seed", "seed"))


def _seed(p: Program, source: Val) -> Val | None:
    """The constant seed of a generator."""
    for val in ancestors(source, limit=10):
        if val.name in _GENERATORS and val.args and val.args[-1].kind == "const" and val.args[-1].const is not None:
            return val.args[-1]
    for event in p.calls("manual_seed", "seed"):
        if q.same(event.recv, source) and event.args and event.args[0].kind == "const":
            return event.args[0]
    return None
