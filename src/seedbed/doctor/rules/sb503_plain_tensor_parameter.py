"""A learnable tensor is not registered as nn.Parameter.

## What it does

Finds learnable tensors that a module keeps as plain attributes.

## Why is this bad

Only `nn.Parameter` is registered. A plain tensor is not in `parameters()`: the optimizer never sees it.

## Example

```python
class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.ones(4, requires_grad=True)

    def forward(self, x):
        return x * self.scale
```

## Use instead

```python
class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, x):
        return x * self.scale
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_DERIVED = frozenset(["to", "cuda", "mul", "div", "float", "double", "add", "view", "reshape"])
_CHOSEN = frozenset(
    [
        *("random", "fixed", "rff", "fourier", "features", "reservoir", "echo", "esn", "projection", "hash", "sketch"),
        *("noise", "target", "frozen", "teacher", "basis"),
    ]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _as_buffer(p)
    for event in p.once("attribute"):
        if (
            event.recv is None
            or event.recv.kind != "module"
            or not event.args
            or not event.funcs
            or event.funcs[-1].name != "__init__"
        ):
            continue
        val = event.args[0]
        if val.kind != "tensor" or val.name == "Parameter" or "buffer" in val.tags:
            continue
        derived = val.name in _DERIVED and _lost(p, val)
        near = list(ancestors(val, limit=6))
        leaf = any("leaf" in v.tags for v in near) and not any(v.name in ("detach", "data") for v in near)
        weight = bool(
            set(words(event.name))
            & {"w", "weight", "weights", "bias", "alpha", "beta", "gamma", "scale", "theta", "kernel", "gain"}
        ) or event.name in ("W", "b")
        drawn = any(v.name in ("randn", "rand") for v in ancestors(val, limit=8))
        random = weight and drawn and not any(v.name == "Parameter" for v in near) and not _fixed(p, event)
        random = random and _is_read(p, event)
        if not (derived or leaf or random):
            continue
        if any(s.recv is not None and val in ancestors(s.recv, limit=10) for s in p.all("manual")):
            continue
        if any(
            val in ancestors(a, limit=60) or any(val in (x.items or []) for x in ancestors(a, limit=30))
            for _, o, _ in ownership.optimizers(p)
            for a in o.args[:1]
        ):
            continue
        how = "is the result of an operation on an nn.Parameter" if derived else "is a plain tensor"
        yield p.report(
            "SB503",
            q.origin(event, val),
            f"self.{event.name} {how}: it is not registered as a parameter and is never trained",
            why="it is not in model.parameters(), so the optimizer never updates it (and it is not moved or saved)",
            fix=f"Write self.{event.name} = nn.Parameter(...) with everything else inside",
            severity=q.doubtful(p) or (Severity.WARNING if random and not leaf and not derived else None),
        )


def _is_read(p: Program, event: Event) -> bool:
    """Whether anything reads the attribute, as far as its file tells."""
    reads = (n for n in q.nodes(p, ast.Attribute) if n.attr == event.name and isinstance(n.ctx, ast.Load))
    return event.src is not p.source or any(True for _ in reads)


def _lost(p: Program, val: Val) -> bool:
    """Whether it is made from a parameter that the module holds under no name of its own."""
    made = [v for v in ancestors(val, limit=20) if v.name == "Parameter"]
    if not made or any(v.name in ("detach", "data", "clone") for v in ancestors(val, limit=20)):
        return False
    return not any(e.args and any(e.args[0] is m for m in made) for e in p.all("attribute"))


def _fixed(p: Program, event: Event) -> bool:
    """Whether random numbers are meant to stay: random features, a reservoir, a fixed network to be imitated."""
    assert event.recv is not None
    val, owner = event.args[0], event.recv.owner
    if {*words(event.name), *words(owner.name)} & _CHOSEN or any(
        "generator" in v.kwargs for v in ancestors(val, limit=8)
    ):
        return True
    calls = [e for e in p.all("forward") if e.recv is event.recv]
    if any(not e.grad or (e.result is not None and not e.result.grad) for e in calls):
        return True
    return any(
        user.name in ("sin", "cos", "sign", "tanh") and any(a is val for a in ancestors(user, limit=12))
        for user in p.made("sin", "cos", "sign")
    )


def _as_buffer(p: Program) -> Iterator[Finding]:
    """``register_buffer`` with a tensor that is to learn: a buffer is saved, but no optimizer gets it."""
    for event in p.first_calls("register_buffer"):
        val = event.args[1] if len(event.args) > 1 else None
        if val is None or val.kind != "tensor" or not ("leaf" in val.tags or val.name == "Parameter"):
            continue
        if "leaf" in val.tags and not val.grad:
            continue
        if any(
            e.recv is event.recv and e.name == event.args[0].const and e.seq > event.seq for e in p.all("attribute")
        ):
            continue  # the program gives it other values by hand
        yield p.report(
            "SB503",
            event,
            f"{event.args[0].const or 'a tensor'} requires a gradient but is a buffer: it is not registered as a "
            "parameter and is never trained",
            why="parameters() does not hold buffers, so the optimizer never updates it",
            fix="Write self.name = nn.Parameter(...)",
            severity=q.doubtful(p),
        )
