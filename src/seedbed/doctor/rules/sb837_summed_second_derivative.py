"""Second derivatives are taken of the sum of all first derivatives.

## What it does

Finds `autograd.grad` of a whole gradient at once, whose columns are then used as `u_xx` and `u_yy` or are added up to
a Laplacian.

## Why is this bad

`grad_outputs` of ones adds the components up before they are differentiated. Each column then holds the mixed
derivative too: `u_xx + u_xy` in place of `u_xx`.

## Example

```python
net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters())
for step in range(100):
    at = torch.rand(64, 2, requires_grad=True)
    u = net(at)
    first = torch.autograd.grad(u.sum(), at, create_graph=True)[0]
    second = torch.autograd.grad(first.sum(), at, create_graph=True)[0]
    loss = (second[:, 0] + second[:, 1] - 1).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters())
for step in range(100):
    at = torch.rand(64, 2, requires_grad=True)
    u = net(at)
    first = torch.autograd.grad(u.sum(), at, create_graph=True)[0]
    u_xx = torch.autograd.grad(first[:, 0].sum(), at, create_graph=True)[0][:, 0]
    u_yy = torch.autograd.grad(first[:, 1].sum(), at, create_graph=True)[0][:, 1]
    loss = (u_xx + u_yy - 1).pow(2).mean()
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
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_ADDED = frozenset(["sum", "mean"])
_ONES = frozenset(["ones_like", "ones", "new_ones"])
_CUT_UP = frozenset(["unbind", "chunk", "chunks", "split", "tensor_split"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    table = {id(e.result): e for e in p.calls("grad") if e.result is not None and e.result.name == "grads"}
    seen: set[int] = set()
    for event in table.values() if len(table) > 1 else ():
        whole, added = _gradient(event.arg(0, "outputs"))
        inner = table.get(id(whole))
        at, weights = _only(event.arg(1, "inputs")), event.arg(2, "grad_outputs")
        if inner is None or at is None or id(event.node) in seen or not q.same(at, _only(inner.arg(1, "inputs"))):
            continue
        if not (added if weights is None or weights.is_none else core(weights).name in _ONES):
            continue
        result = _results(p, event)
        used = [u for val in result for u in p.users(val)]
        columns = _columns(used)
        wide = bool(at.shape and (at.shape[-1] or 0) > 1) or any(
            c > 0
            for one in (used, p.users(at), [u for v in _results(p, inner) for u in p.users(v)])
            for c in _columns(one)
        )
        if not wide or not (columns or any(_apart(u) for u in used)):
            continue
        seen.add(id(event.node))
        name = next((v.var for v in result if v.var), "the result")
        yield p.report(
            "SB837",
            event,
            f"{name} is the gradient of the summed first derivatives: its columns are u_xx + u_xy and u_xy + u_yy, "
            "not the second derivatives",
            why="grad_outputs of ones (or sum()) adds all components up first, so the mixed (cross) derivatives of the "
            "Hessian get into the Laplacian and the residual is that of another equation",
            fix="Differentiate each component on its own: grad(du[:, i].sum(), x, create_graph=True)[0][:, i]",
            related=((str(inner.src.path), inner.line, "the first derivatives"),),
        )


def _gradient(val: Val | None) -> tuple[Val | None, bool]:
    """The ``autograd.grad`` whose whole result is differentiated, and whether its components are added up before."""
    added = False
    for _ in range(12):
        if val is None:
            break
        val = core(val)
        if val.name == "grads":
            return val, added
        if val.name in ("getitem", "part") and val.args and core(val.args[0]).name == "grads":
            return core(val.args[0]), added  # grad() gives a tuple
        if val.name not in _ADDED and val.name != "neg":
            break
        added |= val.name in _ADDED
        val = val.args[0] if val.args else None
    return None, False


def _only(val: Val | None) -> Val | None:
    """The variable, also where it is the only one in a list."""
    if val is not None and val.kind in ("list", "tuple") and val.items and len(val.items) == 1:
        return val.items[0]
    return val


def _results(p: Program, event: Event) -> list[Val]:
    """What ``grad`` gives for its only variable."""
    made = event.result
    return [u for u in p.users(made) if u.name in ("getitem", "part")] if made is not None else []


def _columns(used: list[Val]) -> set[int]:
    """The columns at which a tensor is cut: ``v[:, 1]``, ``v[:, 1:2]``, ``v[..., 0]``."""
    found: set[int] = set()
    for val in used:
        key = val.args[1] if val.name == "getitem" and len(val.args) == 2 else None
        if key is None or key.kind != "tuple" or not key.items or len(key.items) != 2:
            continue
        last = key.items[1]
        if last.kind == "const" and isinstance(last.const, int):
            found.add(last.const)
        elif last.name == "slice" or last.kind == "slice":
            low, high = ((i.const if i.kind == "const" else None) for i in (last.items or last.args)[:2])
            if isinstance(low, int) or isinstance(high, int):
                found.add(low if isinstance(low, int) else 0)
    return found


def _apart(val: Val) -> bool:
    """Whether columns are taken apart, or added up for each point."""
    return val.name in _CUT_UP or (val.name == "sum" and val.number(1, "dim") in (1, -1))
