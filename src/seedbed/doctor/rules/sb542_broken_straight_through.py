"""A straight-through estimator has its `detach()` in the wrong place, or none.

## What it does

Finds `z + (q - z)` without `detach()`, and `(z + (q - z)).detach()` with everything detached, and weights that are
used only after `round()` or `sign()`, with no such trick at all.

## Why is this bad

The gradient of rounding is zero, so rounded weights are never trained without the trick.
The trick needs the difference detached and `z` not: forward gives `q`, backward gives the gradient to `z`. Without
the detach `z` cancels out, with all of it detached nothing is left: the layers before get no gradient.

## Example

```python
encoder, decoder = nn.Linear(8, 4), nn.Linear(4, 8)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
for x, y in loader:
    z = encoder(x)
    hard = torch.sign(z)
    code = z + (hard - z)
    optimizer.zero_grad()
    F.mse_loss(decoder(code), x).backward()
    optimizer.step()
```

## Use instead

```python
encoder, decoder = nn.Linear(8, 4), nn.Linear(4, 8)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
for x, y in loader:
    z = encoder(x)
    hard = torch.sign(z)
    code = z + (hard - z).detach()
    optimizer.zero_grad()
    F.mse_loss(decoder(code), x).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries, training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_CUTS = ("detach", "data", "detach_", "stop_gradient")
_STEPS = ("round", "sign")
_SCALINGS = frozenset(("div", "mul", "clamp", "tanh", "add", "sub", "clip", "neg", "hardtanh"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("add", "sub", *_CUTS) if p.trains else ():
        if val.kind != "tensor" or id(val.node) in seen or not p.trained(val):
            continue
        if val.name in _CUTS and val.args and _cancels(val.args[0]):
            said = "the whole straight-through expression is detached: z + (q - z) passes no gradient on"
        elif _cancels(val) and not any(u.name in _CUTS for u in queries.users(p, val)):
            said = "the straight-through difference is not detached: in z + (q - z) the gradient of z cancels to zero"
        else:
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB542",
            val,
            said,
            why="the layers before it (the encoder) get no gradient from what comes after and are not trained by it",
            fix="Detach the difference only: z + (q - z).detach()",
        )
    yield from _rounded_weights(p)


def _cancels(val: Val) -> bool:
    """Whether a value is ``z + (q - z)`` with the same ``z`` on both sides and no detach inside."""
    if val.kind == "phi":
        return False
    if val.name == "add" and len(val.args) == 2:
        return any(
            two.name == "sub" and len(two.args) == 2 and two.args[1] is one and one.grad and _hardened(two.args[0], one)
            for one, two in (val.args, val.args[::-1])
        )
    if val.name == "sub" and len(val.args) == 2 and val.args[0].name == "add" and len(val.args[0].args) == 2:
        z = val.args[1]
        one, two = val.args[0].args
        return z.grad and ((one is z and _hardened(two, z)) or (two is z and _hardened(one, z)))
    return False


def _hardened(q: Val, z: Val) -> bool:
    """Whether ``q`` is made from what ``z`` is made from, by steps that no gradient passes: no draw around it."""
    if not _plain(q):
        return False
    held, stack = {id(q)}, [q]
    while stack and len(held) < 600:
        one = stack.pop()
        if one.name.endswith("_like") or one.name in ("shape", "size", "len"):
            continue  # noise of its form, not its values
        stack += [i for i in one.inputs() if id(i) not in held]
        held.update(id(i) for i in one.inputs())
    shared = [v for v in ancestors(z, limit=200) if v.kind == "tensor" and v.grad and id(v) in held]
    passed = training.gradient_path(q)
    return bool(shared) and not any(id(v) in passed and v.name != "parameter" for v in shared)


def _plain(val: Val) -> bool:
    return val.kind in ("tensor", "phi")


def _rounded_weights(p: Program) -> Iterator[Finding]:
    """Weights that reach the loss only through a function with zero gradient."""
    seen: set[int] = set()
    cases = [v for v in p.made(*_STEPS) if v.kind == "tensor" and v.args and p.trained(v)] if p.trains else []
    cut = {id(v.node) for v in cases}
    for val in cases:
        weight = _weight(val.args[0])
        if weight is None or id(val.node) in seen or not weight.grad or not val.args[0].grad:
            continue
        if _detached_later(p, val) or not _lost(p, weight, cut):
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB542",
            val,
            f"{val.name}() has zero gradient: the weights before it are not trained (no straight-through estimator)",
            why="the loss sees the weights only after rounding, whose derivative is zero everywhere: they keep their "
            "initial values while only the rest (biases) learns",
            fix="Let the gradient pass: w + (q - w).detach(), with q the rounded w",
        )


def _weight(val: Val) -> Val | None:
    """The parameter that is rounded, scaled or shifted before."""
    for _ in range(12):
        if val.name in ("parameter", "Parameter"):
            return val
        if val.kind != "tensor" or val.name not in _SCALINGS or not val.args:
            return None
        val = val.args[0]
    return None


def _detached_later(p: Program, val: Val) -> bool:
    """Whether what is made from a value is detached, or taken out of the graph, before the loss."""
    stack, seen = [val], {id(val)}
    while stack:
        one = stack.pop()
        if one.name in _CUTS or one.kind not in ("tensor", "phi"):
            return True
        if one.grad and one is not val and one.owner is None and one.name in ("linear", "conv2d", "matmul", "loss"):
            continue
        for user in queries.users(p, one):
            if id(user) not in seen and len(seen) < 60:
                seen.add(id(user))
                stack.append(user)
    return False


def _lost(p: Program, weight: Val, cut: set[int]) -> bool:
    """Whether every gradient path of the loss misses the weight: what is used of it is rounded or detached."""
    stack, seen = [weight], {id(weight)}
    while stack:
        for user in queries.users(p, stack.pop()):
            if id(user) in seen or not p.trained(user):
                continue
            seen.add(id(user))
            if user.name in _CUTS or id(user.node) in cut:
                continue
            if user.kind != "tensor" or user.name not in _SCALINGS or len(seen) > 60:
                return False
            stack.append(user)
    return True
