"""A history keeps views of the weights, which training goes on changing.

## What it does

Finds weights that are put into a list or a dict in the training loop without a copy: `w.detach()`, `w.data`,
`w.detach().numpy()`.

## Why is this bad

All entries share memory with the parameter. In the end they are all equal to the last weights.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
history = []
for x, y in loader:
    history.append(model.weight.detach().numpy())
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
history = []
for x, y in loader:
    history.append(model.weight.detach().numpy().copy())
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import best, ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_VIEWS = frozenset(("detach", "data", "numpy"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("keep", "setitem"):
        val = event.args[-1] if event.args else None
        if val is None or id(event.node) in seen or not event.loops or event.recv is None:
            continue
        if event.recv.kind not in ("list", "dict") or any(r.node in event.recv.loops for r in event.loops):
            continue
        inner = val.items[0] if val.name == "comprehension" and val.kind == "list" and val.items else val
        kept = _parameter(inner) or _entry(p, event, inner)
        if kept is None or _swapped(p, event) or _renewed(p, event) or not _trained_around(p, event, kept):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB630",
            event,
            "the history keeps a view of the weights, not a copy: all entries share memory with the parameter",
            why="detach(), .data and numpy() do not copy; the optimizer changes the weights in place, so every entry "
            "shows the last ones",
            fix="Copy when keeping: w.detach().clone() (or .numpy().copy())",
        )
    yield from _listed_best(p, seen)


def _listed_best(p: Program, seen: set[int]) -> Iterator[Finding]:
    """``kept = [p.detach() for p in net.parameters()]`` when the score is better."""
    for name, val, event in p.assigns:
        inner = val.items[0] if val.kind == "list" and val.name == "comprehension" and val.items else None
        kept = _parameter(inner) if inner is not None else None
        if kept is None or not event.loops or id(event.node) in seen or not best.when_better(event):
            continue
        if not _trained_around(p, event, kept):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB630",
            event,
            f"{name} keeps views of the weights, not copies: the best weights share memory with the model",
            why="detach(), .data and numpy() do not copy; training goes on and changes what was kept",
            fix="Copy when keeping: [p.detach().clone() for p in model.parameters()]",
        )


def _swapped(p: Program, event: Event) -> bool:
    """Whether the parameter gets other memory in the same loop, as in ``p.data, kept[n] = kept[n], p.data``."""
    around = event.loop
    return any(e.name == "data" and around is not None and e.inside(around) for e in p.all("attribute"))


def _renewed(p: Program, event: Event) -> bool:
    """Whether the same table gets values that were worked out: an average, which starts from the weights themselves."""
    return event.kind == "setitem" and any(
        e.recv is event.recv and e.args and any(v.name in _WORKED for v in e.args[-1].options())
        for e in p.all("setitem")
    )


_WORKED = frozenset(("add", "sub", "mul", "div", "lerp", "scaled", "clone", "deepcopy"))


def _entry(p: Program, event: Event, val: Val) -> Val | None:
    """An entry of a state dict that is put as it is into a table which a model gets back after the loop."""
    if event.kind != "setitem" or val.name != "parameter" or not val.args or val.args[0].kind != "state":
        return None
    if "deepcopy" in val.args[0].tags:
        return None
    back = [r for r in p.all("restore") if any(o is event.recv for a in r.args for o in a.options())]
    return val if any(not r.inside(event.loops[0]) for r in back) else None


def _parameter(val: Val) -> Val | None:
    """The parameter of which a value is a view, when it went through detach(), .data or numpy()."""
    names = set()
    one = val
    for _ in range(12):
        if one.kind not in ("tensor", "unknown") or one.name in ("parameter", "Parameter") or not one.args:
            break
        if q.memory(one) == [one]:
            return None
        names.add(one.name)
        one = one.args[0]
    return one if one.name in ("parameter", "Parameter") and names & _VIEWS else None


def _trained_around(p: Program, event: Event, kept: Val) -> bool:
    """Whether the loop in which it is kept (or one around it) steps the parameter."""
    owners = ownership.modules_of(kept)
    outer = event.loops[0]
    box = event.recv
    for step in p.all("step"):
        if not step.inside(outer) or step.recv is None or step.recv.kind != "optimizer":
            continue
        held = ownership.held(step.recv)
        if any(h is o or ownership.contains(o, h) or ownership.contains(h, o) for h in held for o in owners):
            return box is None or not any(
                n == (box.var if box is not None else "") and e.inside(outer) for n, v, e in p.assigns
            )
    return False
