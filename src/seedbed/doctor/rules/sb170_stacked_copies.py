"""The optimizer holds the models that were stacked, not the stacked parameters.

## What it does

Finds `stack_module_state` (or copied parameter dictionaries) whose results are trained while the optimizer holds the
parameters of the original modules.

## Why is this bad

The stacked tensors are new leaves. The original parameters get no gradient and the stacked ones are never updated.

## Example

```python
from torch.func import functional_call, stack_module_state, vmap

members = [nn.Linear(4, 1) for _ in range(3)]
params, buffers = stack_module_state(members)
optimizer = torch.optim.Adam([p for m in members for p in m.parameters()], lr=1e-2)
run = vmap(lambda p, b, x: functional_call(members[0], (p, b), (x,)), in_dims=(0, 0, None))
for step in range(10):
    optimizer.zero_grad()
    run(params, buffers, x).pow(2).mean().backward()
    optimizer.step()
```

## Use instead

```python
from torch.func import functional_call, stack_module_state, vmap

members = [nn.Linear(4, 1) for _ in range(3)]
params, buffers = stack_module_state(members)
optimizer = torch.optim.Adam(params.values(), lr=1e-2)
run = vmap(lambda p, b, x: functional_call(members[0], (p, b), (x,)), in_dims=(0, 0, None))
for step in range(10):
    optimizer.zero_grad()
    run(params, buffers, x).pow(2).mean().backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors

_MAKERS = ("stack_module_state", "combine_state_for_ensemble", "make_functional", "make_functional_with_buffers")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    table = ownership.optimizers(p)
    steps = p.all("step")
    for event in p.calls(*_MAKERS):
        if event.name.rsplit(".", 1)[-1] not in _MAKERS or not event.args or event.result is None:
            continue
        sources = {id(m) for m in ownership.modules_of(event.args[0])}
        stacked = event.result
        given = [v for _, o, _ in table for a in o.inputs() for v in ancestors(a, limit=300)]
        if any(v is stacked or v.node is stacked.node for v in given):
            continue
        for made, optimizer, modules in table:
            if not any(id(m) in sources for m in modules) or not any(q.same(s.recv, optimizer) for s in steps):
                continue
            if not p.all("backward") or _own(p, sources):
                continue
            yield p.report(
                "SB170",
                made,
                f"the optimizer holds the parameters of the original modules, but {event.name.rsplit('.', 1)[-1]}() "
                f"(line {event.line}) made new, stacked copies that are used: they are never updated",
                why="the stacked tensors are leaves of their own; the originals get no gradient (grad is None)",
                fix="Give the optimizer the stacked parameters: torch.optim.Adam(params.values(), ...)",
                related=((str(event.src.path), event.line, "the stacked copies"),),
            )
            break


def _own(p: Program, sources: set[int]) -> list[object]:
    """Calls of the original modules themselves whose outputs are trained."""
    return [e for e in p.all("forward") if e.recv is not None and id(e.recv) in sources and p.trained(e.result)]
