"""Meta-learning without create_graph drops the second-order gradient.

## What it does

Finds inner updates `w - lr * g` whose gradients are made without `create_graph=True`, while the outer loss is trained
through the adapted weights.

## Why is this bad

The inner gradients are constants. The outer loss cannot see how the inner step depends on the weights.

## Example

```python
net = nn.Linear(1, 1)
opt = torch.optim.Adam(net.parameters())
for xs, ys, xq, yq in tasks:
    loss = F.mse_loss(net(xs), ys)
    grads = torch.autograd.grad(loss, net.parameters())
    fast = [w - 0.01 * g for w, g in zip(net.parameters(), grads)]
    outer = F.mse_loss(F.linear(xq, fast[0], fast[1]), yq)
    opt.zero_grad()
    outer.backward()
    opt.step()
```

## Use instead

```python
net = nn.Linear(1, 1)
opt = torch.optim.Adam(net.parameters())
for xs, ys, xq, yq in tasks:
    loss = F.mse_loss(net(xs), ys)
    grads = torch.autograd.grad(loss, net.parameters(), create_graph=True)
    fast = [w - 0.01 * g for w, g in zip(net.parameters(), grads)]
    outer = F.mse_loss(F.linear(xq, fast[0], fast[1]), yq)
    opt.zero_grad()
    outer.backward()
    opt.step()
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.drifting import DRAWN
from seedbed.doctor.static.formulas import factors
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.queries import flat
from seedbed.doctor.static.values import Val, ancestors

_DATA = frozenset(["batch", "sample", "rand_like", "randn_like"])
_MEANT = re.compile(r"first.?order|fomaml|reptile|anil|create_graph", re.IGNORECASE)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.trains or not any(v.kind == "tensor" for v in p.anywhere("grads")) or _MEANT.search(p.source.text):
        return
    seen: set[int] = set()
    for back in p.all("backward"):
        if back.name == "grad" or back.recv is None:
            continue
        for val in ancestors(back.recv, limit=6000):
            if val.name != "sub" or len(val.args) != 2 or id(val.node) in seen:
                continue
            made = _gradient(val.args[1])
            if made is None or id(made.node) in seen or not val.args[0].grad or _of_data(p, val.args[0]):
                continue
            if any(u.name in ("detach", "data") for u in p.users(val)):
                continue  # cut off as a whole: it is not the second order alone that is left out
            seen |= {id(val.node), id(made.node)}
            yield p.report(
                "SB853",
                made,
                "the inner gradient is made without create_graph=True: the outer loss gets no second-order gradient",
                why="the inner step counts as a constant, so the meta-gradient is only a first-order approximation",
                fix="Use torch.autograd.grad(loss, params, create_graph=True), or note that first-order is meant",
                related=((str(back.src.path), back.line, "the outer backward()"),),
            )


def _of_data(p: Program, moved: Val) -> bool:
    """Whether what is moved along a gradient is data or noise (Langevin steps, an attack), not a weight."""
    one, seen, held = moved, set[int](), _held(p)
    while one.kind in ("tensor", "phi", "unknown") and one.args and id(one) not in seen:
        seen.add(id(one))
        if id(one) in held:
            return False  # drawn, but an optimizer trains it
        if one.name in _DATA or one.name in DRAWN:
            return True
        if one.name in ("parameter", "Parameter"):
            return False
        one = one.args[0]
    return one.name in _DATA or one.name in DRAWN


def _held(p: Program) -> set[int]:
    """The tensors that optimizers were given, one by one or in lists."""
    given = [a for o in p.of_kind("optimizer") for a in (*o.args[:1], *o.kwargs.values())]
    found = set[int]()
    for val in given:
        lists = [one for one in val.options() if one.kind in ("list", "tuple", "dict")]
        parts = [v for one in lists for v in flat(one.items or [])]
        found |= {id(v) for v in parts if v.kind == "tensor" and "leaf" in v.tags}
    return found


def _gradient(step: Val) -> Val | None:
    """The ``autograd.grad`` call whose result is the step, without a graph of its own."""
    parts = [v for v, power in factors(step) if power > 0]
    for part in parts:
        for one in ancestors(part, limit=12):
            if one.name == "grads" and one.kind == "tensor":
                return one
    return None
