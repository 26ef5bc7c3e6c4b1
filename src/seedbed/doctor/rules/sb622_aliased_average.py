"""A moving average shares its memory with the weights that it averages.

## What it does

Finds averages (EMA, shadow or slow weights) that hold the parameters themselves instead of copies, and are updated
in place.

## Why is this bad

`p.detach()`, `p.data` and `state_dict()` do not copy. The average is always equal to the current weights, and updating
it changes the model.

## Example

```python
model = nn.Linear(4, 3)
shadow = {name: p.detach() for name, p in model.named_parameters()}
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        for name, p in model.named_parameters():
            shadow[name].mul_(0.99).add_(p, alpha=0.01)
```

## Use instead

```python
model = nn.Linear(4, 3)
shadow = {name: p.detach().clone() for name, p in model.named_parameters()}
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        for name, p in model.named_parameters():
            shadow[name].mul_(0.99).add_(p, alpha=0.01)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_MOVES = frozenset(("lerp_", "add_", "copy_", "sub_"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.once("inplace"):
        if event.name not in _MOVES or event.recv is None or not event.args:
            continue
        kept = _stored(event.recv)
        old = _weights(kept) if kept is not None else []
        new = [n for n in _weights(event.args[0]) if not any(n is k for k in old)]
        if kept is None or not new or any(_paired(k, n) for n in new for k in old):
            continue
        owners = [m for v in _weights(kept) for m in ownership.modules_of(v)]
        sources = [m for v in new for m in ownership.modules_of(v)]
        if not owners or not any(o is s for o in owners for s in sources) or id(kept) in seen:
            continue
        if event.name == "copy_" and event.args[0].name not in ("add", "lerp", "mul"):
            continue
        seen.add(id(kept))
        yield p.report(
            "SB622",
            _place(p, kept),
            "the moving average (EMA) holds the model's parameters themselves, without clone(): both are the same "
            "tensors",
            why="detach(), .data and state_dict() share memory with the weights, so the average is always equal to "
            "them, and the update in place writes into the model",
            fix="Keep copies: p.detach().clone() (or copy.deepcopy(model))",
            related=((str(event.src.path), event.line, "the update of the average"),),
        )


def _stored(recv: Val) -> Val | None:
    """What an in-place operation changes, under other in-place operations on it."""
    val = recv
    for _ in range(8):
        if val.kind in ("tensor", "unknown") and val.name.endswith("_") and val.args:
            val = val.args[0]
    options = list(val.options())
    return options[0] if len(options) == 1 else next((o for o in options if _weights(o)), None)


def _weights(val: Val) -> list[Val]:
    """The parameters (or the live state) whose memory a value is, or that an average of them is made from."""
    if val.kind == "tensor" and val.name in ("add", "mul", "sub", "lerp"):
        return [w for a in val.args for w in _weights(a)]
    found: list[Val] = []
    for one in q.memory(val):
        if one.name == "parameter" or one.kind in ("state", "params"):
            found.append(one)
        elif one.name == "Parameter" and one.args and one.args[0] is not one:
            found += _weights(one.args[0])  # its memory is that of what it is made from, which may be a copy
    return found


def _paired(kept: Val, new: Val) -> bool:
    """Whether both are read in one loop, and nothing was kept before it."""
    source = kept.args[0] if kept.args else None
    return kept.line == new.line and source is not None and source.kind == "params" and "list" not in source.tags


def _place(p: Program, kept: Val) -> Val | Event:
    """Where the alias was put away."""
    for event in p.all("setitem", "keep"):
        if event.args and any(o is kept for o in event.args[-1].options()):
            return event
    for _, val, event in p.assigns:
        if val.kind in ("list", "dict") and any(i is kept for i in (*(val.items or ()), *val.attrs.values())):
            return event
    for one in _weights(kept):
        for held in (one, *one.args[:1]):
            if held.kind in ("state", "params"):
                return held
    return kept
