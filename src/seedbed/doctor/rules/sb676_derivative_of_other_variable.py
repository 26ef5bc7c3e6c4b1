"""A derivative is taken with respect to another variable than its name says.

## What it does

Finds `u_xx = grad(u_x, t)`: derivatives of a physics-informed network whose name speaks of other variables than
`torch.autograd.grad` was asked for.

## Why is this bad

The equation that is trained is another one. The residual falls to zero all the same.

## Example

```python
net = nn.Sequential(nn.Linear(2, 20), nn.Tanh(), nn.Linear(20, 1))
x, t = torch.rand(50, 1, requires_grad=True), torch.rand(50, 1, requires_grad=True)
u = net(torch.cat([x, t], 1))
u_t = torch.autograd.grad(u.sum(), t, create_graph=True)[0]
u_x = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
u_xx = torch.autograd.grad(u_x.sum(), t, create_graph=True)[0]
(u_t - u_xx).pow(2).mean().backward()
```

## Use instead

```python
net = nn.Sequential(nn.Linear(2, 20), nn.Tanh(), nn.Linear(20, 1))
x, t = torch.rand(50, 1, requires_grad=True), torch.rand(50, 1, requires_grad=True)
u = net(torch.cat([x, t], 1))
u_t = torch.autograd.grad(u.sum(), t, create_graph=True)[0]
u_x = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
u_xx = torch.autograd.grad(u_x.sum(), x, create_graph=True)[0]
(u_t - u_xx).pow(2).mean().backward()
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_SUBSCRIPT = re.compile(r"^[a-zA-Z]\w{0,4}_([a-z]{1,3})$|^[a-zA-Z]([xyzt]{1,2})$")
_QUOTIENT = re.compile(r"^d(\d?)[a-zA-Z]\w{0,4}?_?d([a-z])(\d?)$")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    made = {id(v) for v in p.made("grads")}
    if not made:
        return
    names: dict[int, set[str]] = {}
    derived: list[tuple[str, Val, Event]] = []
    for name, val, event in p.assigns:
        names.setdefault(id(val), set()).add(name)
        if val.kind == "tensor" and _asked(val) is not None:
            derived.append((name, val, event))
    known = {_bare(n) for ns in names.values() for n in ns if len(_bare(n)) == 1}
    seen: set[int] = set()
    for name, val, event in derived:
        wanted = _said(name)
        used = _variables(val, names)
        if wanted is None or used is None or not set(wanted) <= known or id(event.node) in seen:
            continue
        if len(wanted) == len(used) + 1 and set(wanted) == set(used):
            seen.add(id(event.node))
            yield p.report(
                "SB676",
                event,
                f"{name} is a derivative of order {len(used)}, not {len(wanted)}: it is taken of the function itself, "
                "not of its derivative",
                why="the residual is that of another equation",
                fix=f"Differentiate {name[:-1]} once more with respect to {wanted[-1]}",
            )
        if len(wanted) != len(used) or sorted(wanted) == sorted(used):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB676",
            event,
            f"{name} is the derivative with respect to {' and '.join(used)}, not to {' and '.join(wanted)}: "
            "autograd.grad gets the wrong variable",
            why="the residual is that of another equation",
            fix=f"Differentiate with respect to {wanted[-1]}",
        )


def _bare(name: str) -> str:
    """The variable without what says which points they are: ``x`` of ``x_f``, ``x_col``."""
    return name.split("_", 1)[0]


def _said(name: str) -> list[str] | None:
    """The variables that a name speaks of: ``u_xx``, ``uxx``, ``du_dx``, ``d2u_dx2``."""
    found = _QUOTIENT.match(name)
    if found:
        times = int(found.group(3) or 1)
        return [found.group(2)] * times if (found.group(1) or "1") == str(times) else None
    found = _SUBSCRIPT.match(name)
    return list(found.group(1) or found.group(2)) if found else None


def _asked(val: Val) -> Val | None:
    """The call of ``autograd.grad`` whose only result a value is."""
    val = core(val)
    if val.name in ("getitem", "part") and val.args and (len(val.args) < 2 or val.args[1].const == 0):
        val = core(val.args[0])
    return val if val.name == "grads" and len(val.args) > 1 else None


def _variables(val: Val, names: dict[int, set[str]]) -> list[str] | None:
    """With respect to what a value was differentiated, the last first; ``None`` where that is not certain."""
    found: list[str] = []
    current: Val | None = _asked(val)
    while current is not None and len(found) < 4:
        one = current.args[1]
        called = {_bare(n) for n in names.get(id(one), set()) | ({one.var} if one.var else set())}
        if one.kind != "tensor" or len(called) != 1 or len(next(iter(called))) != 1:
            return None
        found.append(next(iter(called)))
        before = current.args[0]
        inner = [v for v in ancestors(before, limit=12) if v.name == "grads"]
        if not inner:
            return found
        above = before
        for _ in range(4):
            above = core(above)
            if above.name in ("sum", "mean") and above.args:
                above = above.args[0]
        current = _asked(above)
        if current is None:
            return None
    return found
