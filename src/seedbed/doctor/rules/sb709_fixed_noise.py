"""Noise is drawn once and used in every step.

## What it does

Finds noise that is drawn once and used in every step.

## Why is this bad

The model fits these particular numbers instead of the distribution.

## Example

```python
generator = nn.Linear(8, 4)
discriminator = nn.Linear(4, 1)
optimizer = torch.optim.Adam(generator.parameters())
noise = torch.randn(64, 8)
for step in range(1000):
    optimizer.zero_grad()
    loss = -discriminator(generator(noise)).mean()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
generator = nn.Linear(8, 4)
discriminator = nn.Linear(4, 1)
optimizer = torch.optim.Adam(generator.parameters())
for step in range(1000):
    noise = torch.randn(64, 8)
    optimizer.zero_grad()
    loss = -discriminator(generator(noise)).mean()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, ownership, rounds, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.drifting import DRAWN
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_NAMES = frozenset(["noise", "z", "eps", "epsilon", "latent", "alpha", "interp", "jitter", "perturbation"])
_NOISY = frozenset(["noisy", "noised", "corrupted", "corrupt", "degraded", "dirty", "masked"])
_ORDERS = frozenset(["randperm", "np_permutation", "permutation"])
_STEPS = frozenset(["randint", "np_randint", "rand", "randint_like"])
_MIXED = frozenset(["add", "sub", "mul", "lerp", "add_", "mul_", "cat"])
_WHY = "the model fits these particular numbers instead of the distribution"


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.all("backward"):
        if back.recv is None or not back.loops:
            continue
        begin = next((e.clock for e in p.all("loop") if e.node is back.loops[0].node), 0)
        way = list(ancestors(back.recv))
        behind = {id(v) for v in way}
        for val in way:
            if val.kind != "tensor" or val.seq > begin or id(val.node) in seen or val.grad or "leaf" in val.tags:
                continue
            users = [u for u in q.users(p, val) if begin < u.seq <= back.clock]
            once = not val.loops and rounds.loop_of(p, val) is None
            what = _what(p, val, users, begin) if once and (users or val.name == "compare") else ""
            if not what or _table(p, val, [u for u in users if id(u) in behind]):
                continue
            seen.add(id(val.node))
            yield p.report(
                "SB709",
                val,
                f"{what} drawn once, before the loop, and used in every step: the noise is fixed",
                why=_WHY,
                fix="Draw it anew inside the loop",
                related=((str(back.src.path), back.line, "it is trained on here"),),
            )
    yield from _noisy_copies(p, seen)


def _what(p: Program, val: Val, users: list[Val], begin: int) -> str:
    """What random thing is used anew in every step, ``""`` when it is none or meant to stay."""
    name = val.var or val.name
    plain = val.name in ("randn", "randn_like", "rand", "normal", "rand_like")
    if plain and set(words(val.var)) & _NAMES and not _made_data(p, val, begin) and not _kept_input(p, val):
        return f"{name} is"
    drawn = val.name == "compare" and any(a.name in ("rand", "rand_like") for a in val.args)
    if drawn and _dropped(p, val):
        return "the random mask of the dropout is"
    if drawn and users and _token_mask(p, val):
        return "the random mask of the masked tokens is"
    if val.name in _ORDERS and any(u.name == "getitem" and _is_batch(u, val) for u in users):
        return f"the permutation {name} that mixes the samples of a batch is"
    if val.name in ("np_beta", "beta", "betavariate") and any(u.name == "mul" for u in users):
        return f"the mixing coefficient {name} (mixup lambda) is"
    if val.name in _STEPS and any(u.name == "getitem" and u.args[-1] is val for u in users) and _given(p, val):
        return f"{name} (the timesteps of the noise) is"
    return ""


def _table(p: Program, val: Val, users: list[Val]) -> bool:
    """Whether each step trains on other rows of it, added to nothing: samples of made-up data, not a mask."""
    rows = val.name != "compare" and all(
        u.name == "getitem" and u.args[0] is val and u.args[-1].kind == "tensor" for u in users
    )
    return bool(users) and rows and not any(n.name in _MIXED for u in users for n in q.users(p, u))


def _made_data(p: Program, val: Val, begin: int) -> bool:
    """Whether it is used before any loop too: a part of the data that was made with it."""
    found: list[Val] = []
    stack = [(val, 0)]
    while stack:
        one, depth = stack.pop()
        for use in q.users(p, one):
            if use.kind != "tensor" or use.grad or use.owner is not None:
                continue
            if use.name in TRANSPARENT or (use.name in ("mul", "div") and any(a.kind == "const" for a in use.args)):
                stack += [(use, depth + 1)] if depth < 3 else []
            elif use.name not in ("getitem", "to", "cat", "size", "shape", "zeros_like", "ones_like"):
                found.append(use)
    return any(u.seq < begin and rounds.loop_of(p, u) is None and not _in_forward(p, u) for u in found)


def _kept_input(p: Program, val: Val) -> bool:
    """Whether one model reads it and none judges the output: the fixed code of an image or of other weights."""
    reads = [e for e in training.forwards(p) if e.args and _plain(e.args[0]) is val]
    outputs = {id(o) for e in reads if e.result is not None for o in (e.result, *(e.result.items or ()))}
    judged = [e for e in training.forwards(p) if e not in reads and not _part_of(e, reads)]
    return bool(reads) and not any(id(v) in outputs for e in judged for a in e.args for v in ancestors(a, limit=200))


def _plain(val: Val) -> Val:
    """A value without what only views it."""
    while val.name in TRANSPARENT and val.owner is None and val.args:
        val = val.args[0]
    return val


def _part_of(event: Event, reads: list[Event]) -> bool:
    """Whether a call is a layer at work inside one of the models."""
    return any(r.recv is not None and event.recv is not None and ownership.related(r.recv, event.recv) for r in reads)


def _in_forward(p: Program, val: Val) -> bool:
    spans = [f for f in p.functions if f.name == "forward" and f.src is val.src]
    return any(f.node.lineno <= val.line <= (f.node.end_lineno or 0) for f in spans)


def _dropped(p: Program, mask: Val) -> bool:
    """Whether a hidden layer is multiplied by a mask in training mode: dropout by hand."""
    stack, count = [mask], 0
    while stack and count < 12:
        one = stack.pop()
        count += 1
        for user in q.users(p, one):
            if user.name in ("float", "div", "to", "mul") and not user.grad:
                stack.append(user)
            elif user.name == "mul" and user.grad and _in_forward(p, user):
                other = user.args[0] if user.args[1] is one else user.args[1]
                weight = any(v.name in ("Parameter", "parameter", "weight") for v in q.chain(other))
                return not weight and ".training" in p.source.text
    return False


def _token_mask(p: Program, mask: Val) -> bool:
    """Whether a mask puts a mask token into ids: masked language modelling."""
    parts = [mask, *(u for u in q.users(p, mask) if u.name == "getitem")]
    for user in (u for one in parts for u in q.users(p, one)):
        token = user.args[2] if user.name in ("masked_fill", "where") and len(user.args) > 2 else None
        if token is not None and isinstance(token.const, int) and token.const > 0:
            return any(e.name == "Embedding" for e in p.all("forward"))
    return False


def _is_batch(picked: Val, order: Val) -> bool:
    """Whether an order picks rows of a batch that changes from step to step."""
    base = picked.args[0]
    return picked.args[-1] is order and any(v.name == "batch" for v in q.chain(base)[:4])


def _given(p: Program, val: Val) -> bool:
    """Whether the model gets it beside its input, as a diffusion model gets the time step."""
    for event in training.forwards(p):
        if len(event.args) > 1 and any(v is val for a in event.args[1:] for v in ancestors(a, limit=12)):
            return True
    return False


def _noisy_copies(p: Program, seen: set[int]) -> Iterator[Finding]:
    """A denoising model that is trained on one noisy copy of every sample, made before training."""
    for feed in lineage.feeds(p)[0]:
        if feed.y is None or not feed.event.loops:
            continue
        begin = next((e.clock for e in p.all("loop") if e.node is feed.event.loops[0].node), 0)
        steps = lineage.path(feed.x, 60)
        clean = {id(v) for v in lineage.path(feed.y, 60)}
        for one in steps:
            if one.name not in ("add", "mul", "masked_fill") or id(one.node) in seen or one.seq > begin:
                continue
            if id(one) in clean or not one.args or not any(id(v) in clean for v in q.chain(one.args[0])[:3]):
                continue
            if not _random(one.args[1:]) or not set(words(one.var)) & _NOISY or _part_of_data(one):
                continue
            seen.add(id(one.node))
            yield p.report(
                "SB709",
                one,
                "the noise of the denoising model is drawn once, before training: every epoch sees the same noise",
                why="the model learns these noisy copies by heart instead of removing noise",
                fix="Add the noise in the training loop or in __getitem__, so that it is drawn anew every time",
            )


def _part_of_data(noisy: Val) -> bool:
    """Whether the noise comes from a generator of its own: made-up measurements, which stay as they are."""
    draws = [v for a in noisy.args[1:] for v in ancestors(a, limit=30) if v.name in DRAWN]
    return any(v.kwargs.get("generator") is not None and not v.kwargs["generator"].is_none for v in draws)


def _random(parts: tuple[Val, ...]) -> bool:
    return any(v.name in DRAWN for a in parts for v in ancestors(a, limit=30))
