"""Only some of the random generators in use are seeded.

## What it does

Finds programs that seed some of the random generators that they use, but not all.

## Why is this bad

Runs still differ. The seed gives a false sense of reproducibility.

## Example

```python
import numpy as np
torch.manual_seed(0)
model = nn.Linear(4, 3)
noise = np.random.randn(10)
```

## Use instead

```python
import numpy as np
torch.manual_seed(0)
np.random.seed(0)
model = nn.Linear(4, 3)
noise = np.random.randn(10)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import shown_only, syntax
from seedbed.doctor.static.methods import submodules
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import ancestors

_STATE = {
    "seed",
    "default_rng",
    "RandomState",
    "Generator",
    "SeedSequence",
    "get_state",
    "set_state",
    "Random",
    "SystemRandom",
    "getstate",
    "setstate",
    "PCG64",
}


_SEEDS = ("torch.manual_seed", "torch.random.manual_seed", "numpy.random.seed", "numpy.random.set_state", "random.seed")
_ALL = ("seed_everything", "set_seed", "seed_all", "fix_seed", "set_random_seed")
_SETS = ("set", "seed", "fix", "init", "initialize", "initialise", "setup")
_GPU = ("torch.cuda.manual_seed", "torch.mps.manual_seed")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete:
        return
    names = [(e, e.name) for e in p.all("call")]
    yield from _from_clock(p)
    seeded = _seeded([(e, n) for e, n in names if not n.startswith(_GPU)])
    in_workers = _seeded_in_workers(p) | _seeded_by_torch(p, seeded["torch"])
    names = [(e, n) for e, n in names if n.split(".", 1)[0] not in in_workers or not _of_sample(e)]
    only_gpu = [e for e, n in names if n.startswith(_GPU)] if not seeded["torch"] else []
    names = [(e, n) for e, n in names if not n.startswith(_GPU)]
    if not any(seeded.values()) and not only_gpu:
        yield from _uncalled(p)
        return
    if not only_gpu and _for_one_draw(p, names):
        return
    seeds = p.calls("manual_seed", "seed", "manual_seed_all")
    first = _first_draws([(e, n) for e, n in names if not _gives_a_seed(seeds, e) and not shown_only.picks(p, e)])
    torch_use = _first_torch_draw(names, _not_drawn(p))
    if torch_use is not None and not seeded["torch"]:
        first["torch"] = torch_use
    for library, event in first.items():
        if seeded[library]:
            continue
        call = {
            "numpy": "np.random.seed(seed)",
            "random": "random.seed(seed)",
            "torch": "torch.manual_seed(seed)",
        }[library]
        known = " and ".join([k for k, v in seeded.items() if v] + ["the GPU (torch.cuda)"] * bool(only_gpu))
        seed = next(
            (e for e, n in names if n.rsplit(".", 1)[-1] in ("manual_seed", "seed", "seed_everything", "set_seed")),
            only_gpu[0] if only_gpu else event,
        )
        seed = only_gpu[0] if only_gpu and library == "torch" else seed
        there = "" if event.src is seed.src else f" of {event.src.path.name}"
        yield p.report(
            "SB701",
            seed,
            f"half-seeded: {known} is seeded, but {library}'s random generator is not",
            why=f"line {event.line}{there} draws from {library}'s global generator: runs differ in spite of the seed",
            fix=f"Call {call} at the start too (or pass random_state / a generator)",
            related=((str(event.src.path), event.line, "random numbers are drawn here"),),
            severity=q.doubtful(p),
        )


def _seeds_all(name: str) -> bool:
    """Whether a function from elsewhere, by its name, seeds: it may seed every generator."""
    found = words(name.rsplit(".", 1)[-1])
    if name.startswith(("torch.", "numpy.", "random.", "tensorflow.")) or len(found) < 2 or found[-1] in _STATE:
        return False
    named = {"torch", "np", "numpy", "python", "cuda", "env", "worker"} & set(found)
    return name.endswith(_ALL) or (not named and found[0] in _SETS and bool({"seed", "seeds"} & set(found)))


def _from_system(event: Event) -> bool:
    """Whether a generator gets no number, so that it starts anew: ``random.seed(None)``."""
    return not event.kwargs and all(a.is_none for a in event.args)


def _gives_a_seed(seeds: list[Event], draw: Event) -> bool:
    """Whether what is drawn is the seed of another generator: each run is meant to be another one."""
    return any(v is draw.result for e in seeds if e.seq > draw.seq for a in e.args for v in ancestors(a, limit=20))


def _from_clock(p: Program) -> Iterator[Finding]:
    """``np.random.seed()`` without a number beside seeds that have one."""
    calls = p.calls("seed", "manual_seed")
    given = [e for e in calls if e.args and e.name.startswith(("torch", "numpy", "random"))]
    for event in calls:
        if event.name in ("numpy.random.seed", "random.seed") and not event.args and not event.kwargs and given:
            near = any(e.funcs[-1:] == event.funcs[-1:] and not e.loops for e in given)
            if near and not event.loops:
                yield p.report(
                    "SB701",
                    event,
                    f"{event.name}() without a number seeds from the clock: this generator differs in every run",
                    why=f"line {given[0].line} seeds with a number, so the run was meant to be repeatable",
                    fix=f"Give it the seed: {event.name}(seed)",
                )
                return


def _seeded_in_workers(p: Program) -> set[str]:
    """The libraries that ``worker_init_fn`` seeds in the worker processes, from the seed of torch."""
    found: set[str] = set()
    for event in p.makers("loader"):
        init = event.result.kwargs.get("worker_init_fn") if event.result is not None else None
        body = getattr(getattr(init, "owner", None), "node", None)
        calls = [syntax.text(n.func) for n in syntax.walk(body) if isinstance(n, ast.Call)] if body is not None else []
        found |= {"numpy" for c in calls if c in ("np.random.seed", "numpy.random.seed")}
        found |= {"random" for c in calls if c == "random.seed"}
    return found


def _seeded_by_torch(p: Program, seeded: bool) -> set[str]:
    """Worker processes seed all their generators from that of torch: so where every loader has workers."""
    loaders = [e.result for e in p.makers("loader") if e.result is not None and e.result.kind == "loader"]
    counts = [v.kwargs.get("num_workers") for v in loaders]
    many = [n for n in counts if n is not None and all(type(o.const) is int and o.const > 0 for o in n.options())]
    return {"numpy", "random"} if seeded and loaders and len(many) == len(loaders) else set()


def _for_one_draw(p: Program, names: list[tuple[Event, str]]) -> bool:
    """Whether every seed stands in a function that draws with it and does not train: it repeats a split, not a run."""
    seeds = [e for e, n in names if (n in _SEEDS and not _from_system(e)) or _seeds_all(n)]
    draws = [
        (e, n) for e, n in names if n.startswith(("numpy.random.", "random.")) and n.rsplit(".", 1)[-1] not in _STATE
    ]
    trains = {id(f) for b in p.all("backward") for f in b.funcs}
    return bool(seeds) and all(
        s.funcs
        and id(s.funcs[-1]) not in trains
        and s.name.rpartition(".")[0] in ("numpy.random", "random")
        and any(
            e.seq > s.seq and e.funcs[: len(s.funcs)] == s.funcs and n.rpartition(".")[0] == s.name.rpartition(".")[0]
            for e, n in draws
        )
        for s in seeds
    )


def _not_drawn(p: Program) -> set[int]:
    """Modules whose weights are what a file or a constant says, whatever was drawn for them."""
    restored = [e.recv for e in p.all("restore") if e.recv is not None and e.recv.kind == "module" and not e.conds]
    found = {id(s) for m in restored for s in submodules(m)}
    filled: dict[int, set[str]] = {}
    for event in p.all("inplace"):
        if event.name in ("zero_", "fill_") and event.recv is not None and not event.conds:
            parts = {w for w in ("weight", "bias") if f".{w}." in syntax.text(event.node)}
            for one in q.memory(event.recv):
                owner = one.args[0] if one.name == "parameter" and one.args else None
                if owner is not None and owner.kind == "module":
                    filled.setdefault(id(owner), set()).update(parts)
    return found | {i for i, parts in filled.items() if parts == {"weight", "bias"}}


def _of_sample(event: Event) -> bool:
    """Whether it happens where a data set gives a sample: in a worker process."""
    return any(f.name in ("__getitem__", "__getitems__") for f in event.funcs)


def _uncalled(p: Program) -> Iterator[Finding]:
    """A function that seeds, in a program that trains and never calls it."""
    if not p.trains or p.calls("seed", "set_rng_state", "Generator", "default_rng", "RandomState"):
        return
    names = {n.id for n in p.nodes(ast.Name) if isinstance(n.ctx, ast.Load)}
    names |= {n.attr for n in p.nodes(ast.Attribute)}
    for func in p.nodes(ast.FunctionDef):
        calls = [syntax.text(c.func) for c in syntax.walk(func) if isinstance(c, ast.Call)]
        if "torch.manual_seed" in calls and func.name not in names and "__all__" not in names:
            if len(calls) > 8 or func.decorator_list or "seed" not in func.name:
                continue
            yield p.report(
                "SB701",
                (func, p.source),
                f"nothing is seeded: {func.name}() is defined but never called",
                why="weights, orders and splits are drawn anew in every run, so results cannot be repeated",
                fix=f"Call {func.name}(seed) before the model and the data are made",
            )
            return


def _seeded(names: list[tuple[Event, str]]) -> dict[str, bool]:
    """Which generators the program seeds."""
    called = {n for e, n in names if not _from_system(e)}
    every = any(_seeds_all(n) for n in called)
    return {
        "torch": every or bool(called & {"torch.manual_seed", "torch.random.manual_seed"}),
        "numpy": every or bool(called & {"numpy.random.seed", "numpy.random.set_state"}),
        "random": every or "random.seed" in called,
    }


def _first_draws(names: list[tuple[Event, str]]) -> dict[str, Event]:
    """The first draw from numpy's and from Python's global generator."""
    first: dict[str, Event] = {}
    for event, name in names:
        last = name.rsplit(".", 1)[-1]
        if name.startswith("numpy.random.") and last not in _STATE:
            first.setdefault("numpy", event)
        elif name.startswith("random.") and last not in _STATE:
            first.setdefault("random", event)
        elif (
            last in ("train_test_split", "KFold", "StratifiedKFold")
            and event.kwargs.get("random_state") is None
            and (last == "train_test_split" or event.kwargs.get("shuffle") is not None)
        ):
            first.setdefault("numpy", event)
    return first


def _first_torch_draw(names: list[tuple[Event, str]], known: set[int]) -> Event | None:
    """The first draw from torch's global generator that is not for ``known`` modules."""
    return next(
        (
            e
            for e, n in names
            if n.startswith("torch.")
            and n.rsplit(".", 1)[-1]
            in (
                "randn",
                "rand",
                "randint",
                "randperm",
                "Linear",
                "Conv2d",
                "random_split",
                "LSTM",
                "GRU",
                "Embedding",
            )
            and "generator" not in e.kwargs
            and id(e.result) not in known
        ),
        None,
    )
