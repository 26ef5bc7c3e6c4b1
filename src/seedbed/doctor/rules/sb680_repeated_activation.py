"""An activation follows itself, and a layer after it has none.

## What it does

Finds `relu(relu(x))` in one `forward`: the output of an activation goes straight into the same activation.

## Why is this bad

The second one does nothing (or, for sigmoid, squeezes the values between 0.5 and 0.73). Nearly always it was meant for
the layer after or before it, which is linear now.

## Example

```python
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 32), nn.Linear(32, 8)

    def forward(self, x):
        h = torch.relu(self.a(x))
        return self.b(torch.relu(h))

out = Block()(torch.randn(4, 8))
```

## Use instead

```python
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 32), nn.Linear(32, 8)

    def forward(self, x):
        h = torch.relu(self.a(x))
        return torch.relu(self.b(h))

out = Block()(torch.randn(4, 8))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_KINDS = ("relu", "relu_", "sigmoid", "tanh", "softmax", "log_softmax")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    inside = {id(e.result): e for e in p.all("call", "forward") if e.result is not None and e.result.name in _KINDS}
    for event in list(inside.values()):
        made = event.result
        if made is None or not made.args or id(event.node) in seen:
            continue
        before = _straight(made.args[0])
        other = inside.get(id(before)) if before is not None else None
        if other is None or before is None or before.name.rstrip("_") != made.name.rstrip("_"):
            continue
        if not _same_place(event, other) or other.node is event.node or event.loops[:-1] != other.loops[:-1]:
            continue
        if made.name == "softmax" or not any(f.name == "forward" for f in event.funcs):
            continue
        seen.add(id(event.node))
        name = made.name.rstrip("_")
        yield p.report(
            "SB680",
            event,
            f"{name} is applied twice in a row: the second activation does nothing useful, and was probably meant for "
            "another layer",
            why="the layer that it was meant for has no activation, so it is linear"
            if name == "relu"
            else f"{name} of {name} squeezes the values into a narrow range",
            fix="Put the activation around the next layer's output",
            related=(q.place(before),),
            severity=q.doubtful(p),
        )


def _straight(val: Val) -> Val | None:
    """What a value is, through what changes nothing."""
    for _ in range(4):
        if val.name in ("dropout", "contiguous", "identity") and val.args:
            val = val.args[0]
    return val if val.kind == "tensor" else None


def _same_place(event: Event, other: Event) -> bool:
    """Whether both stand in the same function, in the same run of it."""
    if not event.funcs or not other.funcs or event.funcs[-1] is not other.funcs[-1]:
        return False
    return [s[0] for s in event.sites] == [s[0] for s in other.sites] and event.conds == other.conds
