"""The seed is set after random numbers were used.

## What it does

Finds a seed that is set after the model was already initialised.

## Why is this bad

The weights are drawn before the seed is set: runs differ.

## Example

```python
model = nn.Linear(4, 3)
torch.manual_seed(0)
out = model(torch.randn(8, 4))
```

## Use instead

```python
torch.manual_seed(0)
model = nn.Linear(4, 3)
out = model(torch.randn(8, 4))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seeds = [e for e in p.calls("manual_seed") if e.first and e.recv is None]
    if seeds and seeds[0].loops:
        seeds = _of_whole_runs(p, seeds)
    if seeds and p.complete:
        seed = seeds[0]
        if _drawn_again(p, seed) or _of_its_own(p, seed):
            return
        before = [
            e for e in p.all("call") if e.seq < seed.seq and e.result is not None and not e.depth and e.recv is None
        ]
        made = [
            e
            for e in before
            if e.result is not None
            and e.result.kind == "module"
            and e.result.name.startswith(ownership.WEIGHTED)
            and e.name.startswith("torch.nn")
        ]
        last = _last_seed(p, seeds)
        made = (
            [e for e in made[:_MANY] if _used(p, e, last)] if made and (not p.calls("fit") or last > seed.seq) else made
        )
        if (
            made
            and (len(seed.funcs) <= 1 or _helper(seed, made[0]))
            and not any("seed" in e.name.rsplit(".", 1)[-1].lower() and e.seq < made[0].seq for e in before)
        ) and (made[0].src is p.source or seed.src is p.source):
            yield p.report(
                "SB703",
                q.beside(seed, made[0]) if len(seed.funcs) > 1 else seed,
                "the seed is set after the model was created: its weights are not reproducible",
                why=f"the layer at line {made[0].line} has drawn its weights already",
                fix="Set the seed before the model is created",
                related=((str(made[0].src.path), made[0].line, "the weights are drawn here"),),
            )


def _of_its_own(p: Program, seed: Event) -> bool:
    """Whether a function seeds a model of its own, which it makes next: another experiment than the one before."""
    if not seed.funcs:
        return False
    made = [
        e.seq > seed.seq
        for e in p.all("call")
        if e.funcs == seed.funcs and e.name.startswith("torch.nn") and e.result is not None
        if e.result.kind == "module" and e.result.name.startswith(ownership.WEIGHTED)
    ]
    return bool(made) and all(made)


def _of_whole_runs(p: Program, seeds: list[Event]) -> list[Event]:
    """Seeds inside a loop of which every round makes, trains and measures a model of its own (one run per seed)."""
    loop = seeds[0].loops[-1]
    whole = all(any(x is loop for x in b.loops) for b in p.all("backward"))
    made = any(any(x is loop for x in s.loops) for s in p.makers("optimizer")) if whole else False
    return [s for s in seeds if s.loops == seeds[0].loops] if made else []


def _last_seed(p: Program, seeds: list[Event]) -> int:
    """When the seed was set for the last time before anything is learned: earlier ones are for what stands between."""
    start = next((b.seq for b in p.all("backward")), seeds[0].seq)
    return max((s.seq for s in seeds if s.seq < start), default=seeds[0].seq)


_MANY = 40
_ASKS = ("parameters", "named_parameters", "state_dict", "children", "modules", "train", "eval", "to", "cuda", "cpu")


def _used(p: Program, made: Event, since: int) -> bool:
    """Whether a layer, or a model that it is part of, is called, handed over or stepped after a moment."""
    layer = made.result
    for event in p.all("forward", "call"):
        if event.seq > since and layer is not None and event.name.rsplit(".", 1)[-1] not in _ASKS:
            given = [o for v in (event.recv, *event.args, *event.kwargs.values()) if v is not None for o in v.options()]
            if any(o.kind == "module" and ownership.contains(o, layer) for o in given):
                return True
    last = max((e.seq for e in p.all("backward")), default=0)
    return any(
        last > since and s.seq > since and s.recv is not None and any(h is layer for h in ownership.held(s.recv))
        for s in p.all("step")
    )


def _helper(seed: Event, made: Event) -> bool:
    """Whether a small function that only seeds was called from the very function that had the model made."""
    around = seed.funcs[:-1]
    return len(around) == 1 and made.funcs[:1] == around and "seed" in seed.funcs[-1].name.lower()


def _drawn_again(p: Program, seed: Event) -> bool:
    """Whether weights are filled once more after the seed: drawn by hand, or read from a file or another model."""
    read = [e for e in p.all("restore") if e.recv is not None and e.recv.kind == "module" and not e.conds]
    if any(_by_hand(e) for e in p.all("attribute")):
        return True
    later = [e for e in p.all("call", "restore") if e.seq > seed.seq] + read
    return any(
        e.kind == "restore" or ".init." in f".{e.name}" or e.name.rsplit(".", 1)[-1] in ("apply", "reset_parameters")
        for e in later
    )


def _by_hand(event: Event) -> bool:
    """Whether a layer gets other weights than those it drew: ``layer.weight = ...`` outside of ``__init__``."""
    layer = event.recv
    if event.name != "weight" or layer is None or not event.args or any(f.name == "__init__" for f in event.funcs):
        return False
    shared = event.args[0].name in ("parameter", "weight") or event.args[0].name.startswith("rand")
    return layer.kind == "module" and layer.name.startswith(ownership.WEIGHTED) and not shared
