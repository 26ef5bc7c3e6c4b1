"""A statistic that is only to be logged changes the weights themselves.

## What it does

Finds NumPy arrays and detached tensors that share memory with a weight, are standardised in place and then only
looked at: logged, drawn, written down.

## Why is this bad

``detach()``, ``.data``, ``cpu()`` and ``numpy()`` do not copy. ``w -= w.mean()`` changes the weights of the model in
every call, and training goes on from the changed ones.

## Example

```python
history = []
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    for name, p in model.named_parameters():
        w = p.detach().numpy()
        w -= w.mean()
        history.append((name, float((w ** 3).mean())))
```

## Use instead

```python
history = []
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    for name, p in model.named_parameters():
        w = p.detach().numpy()
        w = w - w.mean()
        history.append((name, float((w ** 3).mean())))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_VIEWS = frozenset(["detach", "data", "numpy", "cpu", "view", "reshape", "flatten", "ravel", "T", "t", "asarray"])
_STATISTICS = frozenset(["mean", "std", "var", "max", "min", "amax", "amin", "norm", "sum", "median"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("augment", "inplace"):
        view = event.recv
        if view is None or id(event.node) in seen or not p.trains:
            continue
        weight = _weight_behind(view)
        if weight is None and event.name in _BENT:
            weight = next((w for v in _bent(p, event) if (w := _weight_behind(v.args[0])) is not None), None)
        if weight is None or not (_measured(p, event) or (_own_statistic(event, view) and _only_looked_at(p, event))):
            continue
        seen.add(id(event.node))
        said = "standardising it rescales"
        fix = "Work on a copy: w = w - w.mean(), or p.detach().clone() (in NumPy .copy()) before the change"
        if event.name in _BENT:
            said = f"{event.name}() overwrites"
            fix = f"Use {event.name[:-1]}(), which makes a new tensor, or p.detach().clone() before the change"
        how = "numpy()" if any(v.name == "numpy" for v in ancestors(view, limit=8)) else f"{view.name}"
        how = "data" if view is weight else how
        named = (view is not weight and view.var) or "the array"
        yield p.report(
            "SB634",
            event,
            f"the weights of the model are changed in place: {named} shares memory with the parameter "
            f"({how} does not copy)",
            why=f"what was to be logged only is a view, so {said} the parameter for all that follows",
            fix=fix,
        )


def _weight_behind(view: Val) -> Val | None:
    """The parameter whose memory a value is, when at least one step hides that from autograd."""
    hidden, one = False, view
    for _ in range(12):
        if one.name in ("parameter", "Parameter"):
            return one if hidden else None
        if one.kind != "tensor" or one.name not in _VIEWS or not one.args:
            return None
        hidden |= one.name in ("detach", "data", "numpy")
        one = one.args[0]
    return None


_BENT = frozenset(["square_", "abs_", "pow_", "log_", "log2_", "log10_", "exp_", "log1p_"])


def _bent(p: Program, event: Event) -> list[Val]:
    """What an operation in place gives back; of ``p.data.abs_()`` the event knows ``p``."""
    if event.recv is None:
        return []
    whole = [event.recv, *(v for v in p.users(event.recv) if v.name in _VIEWS)]
    return [u for v in whole for u in p.users(v) if u.node is event.node]


def _measured(p: Program, event: Event) -> bool:
    """Whether what is bent in place goes into figures only: ``p.detach().square_().sum()``."""
    uses = [u for v in _bent(p, event) for u in p.users(v)]
    return event.name in _BENT and bool(uses) and all(u.name in _STATISTICS for u in uses)


def _own_statistic(event: Event, view: Val) -> bool:
    """Whether the change takes away or divides by a statistic of the values themselves."""
    if event.kind == "augment" and event.name not in ("Sub", "Div"):
        return False
    if event.kind == "inplace" and event.name not in ("sub_", "div_"):
        return False
    operand = event.args[0] if event.args else None
    if operand is None:
        return False
    parts = list(ancestors(operand, limit=12))
    if any(v.name == "grad" for v in parts):
        return False
    return any(v.name in _STATISTICS and v.args and any(a is view for a in ancestors(v, limit=8)) for v in parts)


def _only_looked_at(p: Program, event: Event) -> bool:
    """Whether the changed values go into a record or a figure, and are written into no parameter."""
    changed = [event.result] if event.result is not None else []
    later = [
        e for e in p.all("augment", "inplace") if e.seq > event.seq and e.recv is not None and e.result is not None
    ]
    for other in later:
        if any(other.recv is c for c in changed) and other.result is not None:
            changed.append(other.result)
    ids = {id(c) for c in changed}
    shown = False
    for other in p.all("keep", "setitem", "call", "attribute"):
        if other.seq <= event.seq or not other.args or not any(id(v) in ids for a in other.args for v in _near(a)):
            continue
        if other.kind == "attribute" or other.name.rsplit(".", 1)[-1] in ("copy_", "Parameter", "from_numpy"):
            return False
        shown |= other.kind == "keep" or other.name.rsplit(".", 1)[-1] in _LOOKING
    return shown


_LOOKING = frozenset(
    ["hist", "imshow", "plot", "matshow", "heatmap", "histogram", "add_histogram", "log", "print", "save"]
)


def _near(val: Val) -> list[Val]:
    return list(ancestors(val, limit=40)) + [v for i in q.flat([val]) for v in ancestors(i, limit=40)]
