"""The log-determinant of a normalising flow enters with the wrong sign.

## What it does

Finds flows whose likelihood subtracts the log-determinant of the direction from data to latent (or adds the one of the
other direction).

## Why is this bad

log p(x) = log p(z) + log |det dz/dx|. With the wrong sign training blows up the volume instead of fitting the data.

## Example

```python
net = nn.Linear(2, 4)
opt = torch.optim.Adam(net.parameters())
for a, b in loader:
    s, t = net(a).chunk(2, dim=1)
    z = b * s.exp() + t
    log_prob = -0.5 * z.pow(2).sum(1) - s.sum(1)
    loss = -log_prob.mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
net = nn.Linear(2, 4)
opt = torch.optim.Adam(net.parameters())
for a, b in loader:
    s, t = net(a).chunk(2, dim=1)
    z = b * s.exp() + t
    log_prob = -0.5 * z.pow(2).sum(1) + s.sum(1)
    loss = -log_prob.mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.formulas import core, factors, summands
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        if back.recv is None:
            continue
        terms = summands(back.recv)
        bases = [(s, z) for s, v in terms if (z := _base(s, v)) is not None]
        for _, (want, latent) in bases:
            scales = _scales(latent)
            for sign, val in terms:
                power = scales.get(id(val))
                if power is None or sign * want == power or id(val.node) in seen:
                    continue
                joined = _joined(back.recv, val)
                at = _signed(joined, val) if joined is not None else None
                if at is None or id(at.node) in seen:
                    continue
                seen |= {id(val.node), id(at.node)}
                yield p.report(
                    "SB834",
                    at,
                    "the log-determinant of the flow has the wrong sign",
                    why="log p(x) = log p(z) + log|det dz/dx|: with the other sign training changes the volume the "
                    "wrong way and the likelihood means nothing",
                    fix="Add the log-det of the direction data to latent: log_prob = base + log_det",
                    related=(q.place(val),),
                )


def _base(sign: int, val: Val) -> tuple[int, Val] | None:
    """For the term of the base distribution: the sign that its log-density has in the loss, and the latent value."""
    one = core(val)
    if one.name == "log_prob" and len(one.args) > 1:
        return sign, one.args[1]
    parts = [v for v, power in factors(one) if power > 0]
    if one.name in ("pow", "square") and one.args and (one.name == "square" or one.number(1, "exponent") == 2):
        return -sign, one.args[0]
    squares = [v for v in parts if v.name in ("pow", "square") and v.args]
    if len(squares) == 1 and squares[0].grad:
        return -sign, squares[0].args[0]
    return None


def _scales(latent: Val) -> dict[int, int]:
    """Values ``s`` for which ``exp(s)`` (1) or ``exp(-s)`` (-1) scales the latent value on its way from the data."""
    found: dict[int, int] = {}
    stack, seen = [latent], set[int]()
    while stack and len(seen) < 400:
        one = core(stack.pop())
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.name in ("cat", "stack") and one.args and one.args[0].items:
            stack.extend(one.args[0].items)
        elif one.name in ("add", "sub", "where", "flip", "index_select", "getitem", "phi", "roll"):
            stack.extend(one.args[:2] if one.name in ("add", "sub") else one.args)
        elif one.name in ("mul", "div"):
            for factor, power in factors(one):
                if factor.name == "exp" and factor.args:
                    for s, inner in summands(factor.args[0]):
                        found.setdefault(id(inner), s * power)
                elif factor.kind == "tensor":
                    stack.append(factor)
    return found


def _joined(root: Val, term: Val) -> Val | None:
    """The sum or difference that brings the log-determinant and the base density together."""
    best: Val | None = None
    for val in ancestors(root):
        if val.name in ("add", "sub") and len(val.args) == 2:
            inside = [any(v is term for v in ancestors(a, limit=600)) for a in val.args]
            if (inside[1] and _base_in(val.args[0])) or (inside[0] and _base_in(val.args[1])):
                best = val
    return best


def _signed(joined: Val, term: Val) -> Val:
    """Where the log-determinant gets its sign: the difference itself; in a sum, where a layer negates or adds it up."""
    side = next((a for a in joined.args if any(v is term for _, v in summands(a))), None)
    if joined.name == "sub" or side is None:
        return joined
    found: Val | None = None
    for val in ancestors(side, limit=200):
        if val.name in ("neg", "sum") and any(v is term for _, v in summands(val)):
            found = val if found is None or val.name == "neg" else found
    return found or joined


def _base_in(val: Val) -> bool:
    return any(_base(1, v) is not None for _, v in summands(val))
