"""Two views are pulled together without stop-gradient and without negatives.

## What it does

Finds losses that only pull two outputs of one trained encoder together (SimSiam, BYOL) while the target side keeps its
gradient.

## Why is this bad

All outputs can become equal. The loss is then perfect and the representation is worthless (collapse).

## Example

```python
encoder, predictor = nn.Linear(8, 4), nn.Linear(4, 4)
opt = torch.optim.SGD([*encoder.parameters(), *predictor.parameters()], lr=0.05)
for a, b in loader:
    za, zb = encoder(a), encoder(b)
    pa, pb = predictor(za), predictor(zb)
    loss = -(F.cosine_similarity(pa, zb).mean() + F.cosine_similarity(pb, za).mean()) / 2
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
encoder, predictor = nn.Linear(8, 4), nn.Linear(4, 4)
opt = torch.optim.SGD([*encoder.parameters(), *predictor.parameters()], lr=0.05)
for a, b in loader:
    za, zb = encoder(a), encoder(b)
    pa, pb = predictor(za), predictor(zb)
    loss = -(F.cosine_similarity(pa, zb.detach()).mean() + F.cosine_similarity(pb, za.detach()).mean()) / 2
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, training
from seedbed.doctor.static.formulas import core, summands
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        if back.recv is None:
            continue
        terms = [(s, v) for s, v in summands(back.recv) if v.grad]
        pulls = [_pull(p, sign, val) for sign, val in terms]
        if not pulls or any(x is None for x in pulls):
            continue
        for found in pulls:
            if found is None or id(found[0].node) in seen or not all(training.moves(p, s) for s in found[1:]):
                continue
            seen.add(id(found[0].node))
            yield p.report(
                "SB826",
                found[0],
                "the stop-gradient is missing: the target branch z is not detached, so the representation collapses",
                why="both sides move towards each other and nothing pushes samples apart: a constant output is perfect",
                fix="Detach the target: -F.cosine_similarity(p, z.detach(), dim=-1).mean()",
                related=((str(back.src.path), back.line, "backward()"),),
            )


def _pull(p: Program, sign: int, val: Val) -> tuple[Val, Val, Val] | None:
    """A term that pulls a prediction and a trained target of one encoder together: the term, target, prediction."""
    one = core(val)
    if one.name in ("cosine_similarity", "CosineSimilarity") and sign < 0 and len(one.args) >= 2:
        sides = one.args[:2]
    elif one.name == "sum" and sign < 0 and one.args and one.args[0].name == "mul":
        sides = one.args[0].args[:2]
    elif one.name == "mul" and sign < 0 and len(one.args) == 2 and all(_scaled(a) for a in one.args):
        sides = one.args
    elif one.name == "loss" and sign > 0 and one.tags & {"MSELoss", "L1Loss", "SmoothL1Loss"} and len(one.args) >= 2:
        sides = one.args[:2]
    else:
        return None
    for pred, goal in (sides, sides[::-1]):
        if not (pred.grad and goal.grad):
            return None
        own, base = _modules(p, pred), _modules(p, goal)
        if base and base <= own and len(own) > len(base) and not _inputs(goal) & _inputs(pred):
            return one, goal, pred
    return None


def _scaled(val: Val) -> bool:
    return any(v.name == "normalize" for v in ancestors(val, limit=6))


def _modules(p: Program, val: Val) -> set[int]:
    """The modules that a value went through and that learn: what is frozen cannot collapse."""
    found: set[int] = set()
    off = ownership.frozen(p)
    on_way = training.gradient_path(val)
    for one in ancestors(val, limit=300):
        if id(one) not in on_way:
            continue
        plain = one.name == "forward" and "opaque" not in one.tags
        if one.owner is not None and (plain or one.name in ("Linear", "Conv2d")):
            found.add(id(one.owner))
    return found - set(off)


def _inputs(val: Val) -> set[int]:
    """The first inputs of the chain that leads to a value."""
    current = val
    for _ in range(200):
        inner = [a for a in current.args if a.kind in ("tensor", "phi") and a.grad]
        if not inner:
            break
        current = inner[0]
    return {id(a) for a in current.args if a.kind != "const"} if current.name not in TRANSPARENT else {id(current)}
