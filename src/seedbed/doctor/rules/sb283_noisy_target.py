"""A denoising autoencoder is trained to give back its noisy input.

## What it does

Finds reconstruction losses that compare the output with the corrupted input of the model itself.

## Why is this bad

The target still holds the noise, so the model learns to copy it. Denoising needs the clean signal as the target.

## Example

```python
model = nn.Linear(32, 32)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    noisy = x + 0.3 * torch.randn_like(x)
    optimizer.zero_grad()
    F.mse_loss(model(noisy), noisy).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(32, 32)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    noisy = x + 0.3 * torch.randn_like(x)
    optimizer.zero_grad()
    F.mse_loss(model(noisy), x).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb824_unrelated_noise_target import pairs
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import lineage
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_RANDOM = ("randn_like", "rand_like", "randn", "rand", "normal", "bernoulli", "dropout")
_SAID = frozenset(["noisy", "noised", "corrupt", "corrupted", "masked", "perturbed", "degraded", "damaged"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for pred, target, event in pairs(p):
        goal = _sample(f.core(target))
        noise = _noise(goal)
        if noise is None or not pred.grad or target.grad or id(event.node) in seen or goal.name == "dropout":
            continue
        fed = [e for e in p.all("forward") if e.args and not e.depth and _fed(e.args[0], goal)]
        made = {id(v) for v in ancestors(pred, limit=2000)}
        if not any(e.result is not None and id(e.result) in made for e in fed):
            continue
        told = _SAID & set(words(goal.var)) or _SAID & set(words(target.var))
        if not (told or _batch(goal) or _damaged_batch(p, goal)):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB283",
            goal if goal is not f.core(target) else event,
            "the target of the denoising loss is the noisy input itself, not the clean signal",
            why="the output is compared with the corrupted input, so the model learns to copy the noise",
            fix="Compare with the clean batch: loss(model(noisy), clean)",
            related=(q.place(noise),),
        )


def _fed(given: Val, goal: Val) -> bool:
    """Whether a model reads a value, alone or joined with others (a time step, a condition)."""
    one = f.core(given)
    if one.name in ("cat", "concat", "hstack") and one.args and one.args[0].items:
        return any(f.core(i) is goal for i in one.args[0].items)
    return _sample(one) is goal


def _sample(val: Val) -> Val:
    """What a data set gives for one sample, when a value is a batch of these."""
    inner = f.core(val.args[0]) if val.name == "batch" and len(val.args) > 1 else None
    return inner if inner is not None and _noise(inner) is not None else val


def _noise(goal: Val) -> Val | None:
    """The random numbers that were added to (or multiplied with) a signal."""
    if goal.name not in ("add", "mul", "where", "masked_fill", "clamp", "add_") or not goal.args:
        return None
    if goal.name == "clamp":
        return _noise(f.core(goal.args[0]))
    for part in goal.args[:3]:
        for one in ancestors(part, limit=8):
            if one.kind == "tensor" and one.name in _RANDOM and one.line:
                return one
    return None


def _batch(goal: Val) -> bool:
    """Whether the clean signal is a batch of a loader."""
    return any(
        v.name in ("batch", "part") and any(a.kind == "loader" for a in ancestors(v, limit=6))
        for part in goal.args
        for v in ancestors(part, limit=30)
    )


def _damaged_batch(p: Program, goal: Val) -> bool:
    """Whether some entries of rows that are picked anew in every round are hidden or exchanged at random."""
    hides = goal.name in ("where", "masked_fill") or (goal.name == "mul" and any(_is_mask(a) for a in goal.args))
    rows = [v for part in goal.args for v in ancestors(part, limit=30) if v.name == "getitem"] if hides else []
    return any(lineage.is_batch(p, v) for v in rows)


def _is_mask(val: Val) -> bool:
    one = f.core(val)
    return one.name in ("compare", "bernoulli", "lt", "gt", "le", "ge")
