"""The second derivative of a network of ReLUs is taken: it is zero.

## What it does

Finds `autograd.grad` of a first derivative in the same input, where the network is made of linear layers and ReLU only.

## Why is this bad

A network of ReLUs is piecewise linear, so its second derivative is zero. The term of the equation trains nothing.

## Example

```python
net = nn.Sequential(nn.Linear(1, 16), nn.ReLU(), nn.Linear(16, 1))
opt = torch.optim.Adam(net.parameters())
for step in range(100):
    x = torch.rand(32, 1, requires_grad=True)
    u = net(x)
    du = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
    ddu = torch.autograd.grad(du.sum(), x, create_graph=True)[0]
    loss = (ddu + u).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
opt = torch.optim.Adam(net.parameters())
for step in range(100):
    x = torch.rand(32, 1, requires_grad=True)
    u = net(x)
    du = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
    ddu = torch.autograd.grad(du.sum(), x, create_graph=True)[0]
    loss = (ddu + u).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_BENT = frozenset(["relu", "leaky_relu", "prelu", "relu6", "hardtanh"])
_LINEAR = frozenset(["Linear", "add", "sub", "neg", "sum", "mean", "part"]) | (
    TRANSPARENT - {"detach", "item", "numpy"}
)
_PRODUCTS = frozenset(["mul", "matmul", "mm", "linear", "scaled"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    table = {id(e.result): e for e in p.calls("grad") if e.result is not None and e.result.name == "grads"}
    seen: set[int] = set()
    for event in table.values() if len(table) > 1 else ():
        inner = table.get(id(_differentiated(event.arg(0, "outputs"))))
        at = _only(event.arg(1, "inputs"))
        if inner is None or at is None or not q.same(at, _only(inner.arg(1, "inputs"))):
            continue
        outputs = inner.arg(0, "outputs")
        bend = _bend(outputs, at) if outputs is not None else None
        if bend is None or id(event.node) in seen or not p.trained(event.result):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB819",
            q.spot(bend, event),
            f"the second derivative of this network is taken, but with {bend.name} it is zero everywhere",
            why="a network of linear layers and ReLU is piecewise linear: u_xx in the residual is 0 and gives no "
            "gradient, so the equation is not learnt",
            fix="Use a smooth activation, twice differentiable: nn.Tanh(), nn.SiLU() or a sine",
            related=((str(event.src.path), event.line, "the second derivative"),),
        )


def _only(val: Val | None) -> Val | None:
    """The variable, also where it is the only one in a list."""
    if val is not None and val.kind in ("list", "tuple") and val.items and len(val.items) == 1:
        return val.items[0]
    return val


def _differentiated(val: Val | None) -> Val | None:
    """The first derivative that is differentiated again: a column or the sum of it."""
    for _ in range(12):
        if val is None:
            return None
        val = core(val)
        if val.name == "grads":
            return val
        if val.name not in ("getitem", "part", "sum", "mean", "neg") or not val.args:
            return None
        val = val.args[0]
    return None


def _bend(outputs: Val, at: Val) -> Val | None:
    """A piecewise linear activation between ``at`` and the outputs, if nothing on the way is curved."""
    own = {id(o) for o in at.options()}
    stack, seen, bend = [outputs], set[int](), None
    while stack:
        one = stack.pop()
        if id(one) in own or id(one) in seen:
            continue
        seen.add(id(one))
        moved = [v for v in one.inputs() if own & {id(a) for a in ancestors(v)}]
        known = one.kind in ("tensor", "phi", "list", "tuple") and "opaque" not in one.tags
        products = one.name in _PRODUCTS and len(moved) == 1
        quotient = one.name == "div" and moved == list(one.args[:1])
        plain = one.kind in ("phi", "list", "tuple") or one.name in _LINEAR or one.name in _BENT
        if not moved or not known or len(seen) > 200 or not (plain or products or quotient):
            if moved or id(one) == id(outputs):
                return None
            continue
        if one.name in _BENT and one.kind == "tensor":
            bend = one
        stack += moved
    return bend
