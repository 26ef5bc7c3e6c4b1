"""The optimizer is given tensors without a gradient instead of the parameters.

## What it does

Finds an optimizer over ``p.data``, ``p.detach()`` or the values of ``state_dict()``.

## Why is this bad

These tensors are not the ones that ``backward()`` fills: their ``.grad`` stays ``None``, so ``step()`` does nothing,
without an error.

## Example

```python
model = nn.Linear(20, 3)
optimizer = torch.optim.SGD([w.data for w in model.parameters()], lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(20, 3)
optimizer = torch.optim.SGD([w for w in model.parameters()], lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_CUT = ("data", "detach")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if any(e.name == "requires_grad" for e in p.all("attribute")) or p.all("requires_grad_"):
        return  # the copies may be made trainable
    for event, optimizer, modules in ownership.optimizers(p):
        source = optimizer.args[0] if optimizer.args else optimizer.kwargs.get("params")
        cut = _cut(source) if source is not None and modules else None
        if cut is None or source is None or not p.trains:
            continue
        copied = cut.name == "clone" or any(a.name == "clone" for a in cut.args)
        if copied and (_used(p, source, event) or p.trained(cut)):
            continue
        what = (
            "clones of the parameters"
            if copied
            else "the tensors of state_dict()"
            if cut.kind != "tensor"
            else f"p.{cut.name}"
        )
        yield p.report(
            "SB164",
            cut if cut.line and cut.src is not None else event,
            f"the optimizer holds {what}, which never get a gradient, instead of the parameters themselves",
            why="they are other tensors, which no forward pass reads: optimizer.step() changes nothing in the model"
            if copied
            else "they share the memory but not .grad: it stays None, so optimizer.step() changes nothing",
            fix="Give it model.parameters()",
            related=((str(event.src.path), event.line, "the optimizer"),),
        )


def _cut(source: Val) -> Val | None:
    """What cuts the parameters off on their way into the optimizer."""
    stack, count = [source], 0
    while stack and count < 80:
        one = stack.pop()
        count += 1
        if one.kind == "tensor" and one.name in _CUT and any(_is_parameter(a) for a in one.args):
            return one
        inner = one.args[0] if one.kind == "tensor" and one.name in (*_CUT, "clone") and one.args else None
        both = {one.name, inner.name} if inner is not None else set()
        if inner is not None and "clone" in both and both & set(_CUT) and any(_is_parameter(a) for a in inner.args):
            return one
        if one.kind == "iter" and one.name == "values" and any(a.kind == "state" for a in one.args):
            return one
        if one.kind in ("list", "tuple", "dict", "phi", "iter", "unknown"):
            stack += [*(one.items or ()), *one.args, *(one.attrs.values() if one.kind == "dict" else ())]
    return None


def _used(p: Program, source: Val, made: Event) -> bool:
    """Whether copies go anywhere but into their optimizer: into a call of the model, or back into its weights."""
    others = [u for u in p.users(source) if u.kind != "optimizer" and u.name != "state_dict"]
    events = [e for e in p.events if e.seq > made.seq and e.kind not in ("assign", "return", "invoke")]
    return bool(others) or any(source is v for e in events for v in (e.recv, *e.args, *e.kwargs.values()))


def _is_parameter(val: Val) -> bool:
    return any(o.name in ("parameter", "Parameter", "element") for o in val.options())
