"""All members of an ensemble (or all repeats of a run) start from the same seed.

## What it does

Finds loops that set one and the same seed in every round, build and train a model from it, and combine the results,
where nothing else differs from round to round; and lists that get the same model object in every round.

## Why is this bad

Every round repeats the first one to the last digit: the members are identical copies, the ensemble is one model, and
its spread is zero.

## Example

```python
x, y = torch.randn(200, 4), torch.randn(200, 1)
members = []
for i in range(5):
    torch.manual_seed(0)
    net = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(50):
        optimizer.zero_grad()
        F.mse_loss(net(x), y).backward()
        optimizer.step()
    members.append(net)
with torch.no_grad():
    mean = torch.stack([m(x) for m in members]).mean(0)
```

## Use instead

```python
x, y = torch.randn(200, 4), torch.randn(200, 1)
members = []
for i in range(5):
    torch.manual_seed(i)
    net = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(50):
        optimizer.zero_grad()
        F.mse_loss(net(x), y).backward()
        optimizer.step()
    members.append(net)
with torch.no_grad():
    mean = torch.stack([m(x) for m in members]).mean(0)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax, training
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors

_SEEDS = frozenset(("manual_seed", "set_seed", "seed_everything"))
_COMBINED = frozenset(
    ("mean", "stack", "std", "var", "median", "mode", "sum", "average", "stdev", "pstdev", "std_mean")
)
_CHECKS = frozenset(("equal", "allclose", "assert_close", "array_equal", "assert_allclose", "deterministic_check"))
_SHOWN = frozenset(
    ("print", "format", "info", "debug", "log", "write", "save", "append", "str", "join", "Path", "tqdm", "set_postfix")
)
_NO_USE = frozenset(("assign", "keep", "save", "discard", "return", "loop", "comprehension", "invoke"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _one_object(p)
    seen: set[int] = set()
    for seed in p.calls(*_SEEDS):
        value = seed.args[0] if seed.args else None
        if value is None or seed.name.startswith(".") or not seed.loops or id(seed.node) in seen:
            continue
        loop = next((r for r in seed.loops if _builds(p, r, seed)), None)
        if loop is None or value.kind != "const" or seed.conds_in(loop):
            continue
        if not _combined(p, loop) or _varies(p, loop, seed):
            continue
        seen.add(id(seed.node))
        helper = bool(seed.funcs) and "seed" in seed.funcs[-1].name.lower() and bool(seed.sites)
        yield p.report(
            "SB644",
            seed.sites[-1] if helper else seed,
            f"every round is seeded with the same value ({value.const!r}): all members are identical copies",
            why="the model, the order of the data and the dropout are the same each time, so the ensemble has no "
            "diversity (its spread is zero)",
            fix="Give each member a seed of its own: torch.manual_seed(seed + i)",
            related=((str(loop.src.path), loop.line, "the loop over the members"),),
        )
        return


def _one_object(p: Program) -> Iterator[Finding]:
    """A list that gets one and the same model in every round, which goes on training."""
    for event in p.once("keep"):
        models = list(event.args[-1].options()) if event.args else []
        loop = event.loops[-1] if event.loops else None
        if loop is None or not models or any(m.kind != "module" or loop.node in m.loops for m in models):
            continue
        over = {id(v) for v in ancestors(loop.over, limit=60)} if loop.over is not None else set()
        filled = any((v is event.recv or any(v is m for m in models)) and e.inside(loop) for _, v, e in p.assigns)
        if not _by_name(event):
            continue
        if filled or event.conds_in(loop) or any(id(m) in over for m in models):
            continue
        if not any(s.inside(loop) for s in p.all("step")) or not all(training.learns(p, m) for m in models):
            continue
        used = [s for e in p.calls(*_COMBINED) if not e.inside(loop) for s in (*e.args, e.recv) if s is not None]
        if event.recv is None or not any(v is event.recv for s in used for v in ancestors(s, limit=300)):
            continue
        yield p.report(
            "SB644",
            event,
            "the same model is put into the list in every round: all members are one object, the last one trained",
            why="append() keeps a reference, not a copy, so the ensemble is several times the same weights",
            fix="Build a new model in every round, or keep copy.deepcopy(model)",
            related=((str(loop.src.path), loop.line, "the loop over the members"),),
        )
        return


def _by_name(event: Event) -> bool:
    """Whether what is appended is written as a name: not looked up and not made there and then."""
    node = event.node.args[0] if isinstance(event.node, ast.Call) and event.node.args else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("eval", "cpu"):
        node = node.func.value
    return isinstance(node, (ast.Name, ast.Attribute))


def _builds(p: Program, loop: LoopRun, seed: Event) -> bool:
    """Whether each round makes a model after the seed was set, and trains it."""
    made = [m for m in training.trained_modules(p) if m.kind == "module" and any(n is loop.node for n in m.loops)]
    started = [m for m in made if m.seq > seed.clock]
    return bool(started) and any(b.inside(loop) for b in p.all("backward")) and _counts(loop)


def _counts(loop: LoopRun) -> bool:
    """Whether the loop only counts: ``range(5)``, a list of numbers; no settings and folds."""
    over = loop.over
    if over is not None and over.kind in ("list", "tuple"):
        return bool(over.items) and all(type(i.const) is int for i in over.items or ())
    return over is not None and over.kind == "iter" and over.name == "range"


def _of_round(val: Val, loop: LoopRun) -> bool:
    """Whether a value is made from the running number of the loop."""
    target = getattr(loop.node, "target", None)
    own = {id(n) for n in syntax.walk(target)} if target is not None else set()
    listed = {id(i) for i in (loop.over.items or ())} if loop.over is not None else set()
    return any(
        id(v) in listed or (v.kind in ("number", "unknown", "const") and id(v.node) in own)
        for v in ancestors(val, limit=120)
    )


def _varies(p: Program, loop: LoopRun, seed: Event) -> bool:
    """Whether anything but what is shown or stored differs from round to round."""
    rounds: dict[int, dict[int, list[object]]] = {}
    for event in p.events:
        if event.kind in _NO_USE or not event.inside(loop):
            continue
        last = event.name.rsplit(".", 1)[-1]
        if last in _SHOWN:
            continue
        if any(_of_round(c[2], loop) for c in event.conds_in(loop)) or _drawn_elsewhere(event, loop):
            return True
        given = (*event.args, *event.kwargs.values())
        if event.kind == "setitem":
            continue
        if any(_of_round(v, loop) for v in given):
            return True
        number = next(n for r, n in zip(event.loops, event.rounds, strict=False) if r.node is loop.node)
        rounds.setdefault(id(event.node), {}).setdefault(number, []).append(_numbers(given))
    if any(len({tuple(told) for told in by_round.values()}) > 1 for by_round in rounds.values()):
        return True  # rounds that are read one by one hold numbers of their own
    return any(e.inside(loop) and e.seq < seed.seq for e in p.calls("randperm", "randint", "rand", "randn"))


def _numbers(given: tuple[Val, ...]) -> tuple[object, ...]:
    """The numbers and words among arguments, also in a slice."""
    parts = [a for v in given for a in (v.args if v.kind in ("slice", "tuple") else (v,))]
    return tuple(str(a.const) for a in parts if a.kind == "const")


def _drawn_elsewhere(event: Event, loop: LoopRun) -> bool:
    """Whether something is drawn from a generator that the seed does not touch."""
    last = event.name.rsplit(".", 1)[-1]
    if event.kind == "call" and event.name.startswith(("numpy.random.", "random.")) and last != "seed":
        return True
    sources = [event.kwargs.get("generator"), *([event.recv] if event.kind == "call" else [])]
    return any(
        v.name.endswith(("default_rng", "RandomState", "Generator", "Random")) and loop.node not in v.loops
        for s in sources
        if s is not None and s.kind != "lib"
        for v in ancestors(s, limit=6)
    )


def _combined(p: Program, loop: LoopRun) -> bool:
    """Whether the results of the rounds are averaged (or their spread taken) after the loop, not tested as equal."""
    if p.calls(*_CHECKS):
        return False
    nodes = {id(n) for n in syntax.walk(loop.node)}
    for event in p.calls(*_COMBINED):
        if event.inside(loop) or id(event.node) in nodes:
            continue
        sources = [*event.args, *([event.recv] if event.recv is not None else [])]
        for val in (v for s in sources for v in ancestors(s, limit=300)):
            owner = val.owner
            if getattr(owner, "kind", "") == "module" and any(n is loop.node for n in owner.loops):
                return True
    return False
