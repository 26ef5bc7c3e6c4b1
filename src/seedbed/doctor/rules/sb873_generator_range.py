"""The generator's output has another range than the real data.

## What it does

Finds a generator that ends in tanh (-1 to 1) while the real images are in 0 to 1, or that ends in a sigmoid while the
real images are in -1 to 1.

## Why is this bad

The discriminator tells real from fake by the range alone, and the generator cannot make what the data holds.

## Example

```python
images = torch.rand(500, 64)
generator = nn.Sequential(nn.Linear(16, 64), nn.Tanh())
critic = nn.Linear(64, 1)
optimizer = torch.optim.Adam(critic.parameters(), lr=2e-4)
for step in range(1000):
    real = images[torch.randint(0, 500, (64,))]
    fake = generator(torch.randn(64, 16)).detach()
    loss = F.softplus(-critic(real)).mean() + F.softplus(critic(fake)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
images = torch.rand(500, 64) * 2 - 1
generator = nn.Sequential(nn.Linear(16, 64), nn.Tanh())
critic = nn.Linear(64, 1)
optimizer = torch.optim.Adam(critic.parameters(), lr=2e-4)
for step in range(1000):
    real = images[torch.randint(0, 500, (64,))]
    fake = generator(torch.randn(64, 16)).detach()
    loss = F.softplus(-critic(real)).mean() + F.softplus(critic(fake)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_PLAIN = frozenset(["rand", "np_rand"])
_MOVES = frozenset(["sub", "add", "mul", "normalize", "Normalize", "neg", "log", "transform", "fit_transform"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    judged: dict[int, list[Event]] = {}
    for event in training.forwards(p):
        if event.recv is not None and event.args and training.trained_output(p, event.result):
            judged.setdefault(id(event.recv), []).append(event)
    for events in judged.values():
        made = [(e, o) for e in events for o in training.loss_origins(e.args[0]) if o.name in ("tanh", "sigmoid")]
        made = [(e, o) for e, o in made if _from_noise(o)]
        real = [e for e in events if not any(e is m for m, _ in made) and e.args[0].owner is None]
        if not made or not real:
            continue
        fake, last = made[0]
        kind = next((k for e in real if (k := _range(p, e.args[0]))), "")
        if (last.name, kind) not in (("tanh", "0..1"), ("sigmoid", "-1..1")):
            continue
        span = "-1..1" if last.name == "tanh" else "0..1"
        yield p.report(
            "SB873",
            last.owner if isinstance(last.owner, Val) and last.owner.line else last,
            f"the generator ends in {last.name} ({span}), but the real data is in {kind}: the range does not match",
            why="the discriminator tells real from fake by the range alone",
            fix="Scale the real data to -1..1 (x * 2 - 1) with tanh, or end the generator in a sigmoid for 0..1",
            related=((str(fake.src.path), fake.line, "both are judged here"),),
        )
        return


def _from_noise(val: Val) -> bool:
    """Whether a value is made from drawn noise by a network."""
    parts = list(ancestors(val, limit=300))
    return any(v.name in ("randn", "rand", "randn_like", "normal") for v in parts) and any(v.owner for v in parts)


def _dimmed(val: Val) -> bool:
    """Whether numbers of 0 to 1 are made smaller: ``0.1 * torch.rand(n)``."""
    rest = [a for a in val.args if a.kind != "const"]
    factor = next((a.const for a in val.args if a.kind == "const"), None)
    plain = val.name == "mul" and len(rest) == 1 and rest[0].name in _PLAIN
    return plain and isinstance(factor, int | float) and 0 < factor <= 1


def _range(p: Program, val: Val) -> str:
    """The range of real data, where the way from its source tells: ``0..1``, ``-1..1`` or ``""``."""
    steps = lineage.path(val, 80)
    inside = {id(v) for v in steps}
    written = [e.args[-1].const for e in p.all("setitem") if e.args and id(e.recv) in inside]
    if any(not isinstance(w, int | float) or not 0 <= w <= 1 for w in written):
        return ""
    moved = [v for v in steps if v.name in _MOVES and not _dimmed(v)]
    ends = [v for v in steps if v.kind == "tensor" and v.name in _PLAIN]
    if ends and not moved:
        return "0..1"
    halves = [v for v in moved if v.name == "sub" and any(a.const == 0.5 for a in v.args[1:])]
    spread = [v for v in steps if v.name in ("div", "true_divide") and any(a.const == 0.5 for a in v.args[1:])]
    if ends and len(halves) == len(spread) == 1 and len(moved) == 1:
        return "-1..1"
    doubled = [v for v in moved if v.name == "mul" and any(a.const == 2 for a in v.args)]
    lowered = [v for v in moved if v.name == "sub" and any(a.const == 1 for a in v.args[1:])]
    return "-1..1" if ends and len(doubled) == len(lowered) == 1 and len(moved) == 2 else ""
