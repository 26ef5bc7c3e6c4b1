"""The optimizer holds parameters that the model no longer uses.

## What it does

Finds parameters that are replaced (a new model, a new head, a copy) after the optimizer was built.

## Why is this bad

The optimizer goes on stepping the old tensors. The new ones get gradients but never change.

## Example

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model[2] = nn.Linear(8, 3)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 10))
model[2] = nn.Linear(8, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    steps = p.all("step")
    for event, optimizer, modules in ownership.optimizers(p):
        used = [s for s in steps if q.same(s.recv, optimizer)]
        if not used or not modules:
            continue
        whole = ownership.held(optimizer)
        for change in p.once("attribute", "replace"):
            new = change.args[-1] if change.args else None
            if change.seq < event.seq or change.recv is None or new is None or used[-1].seq < change.seq:
                continue
            owners = [*change.recv.options(), *_replaced(p, change)]
            if not any(o in whole or o in modules for o in owners) or not _has_weights(new):
                continue
            if (
                new.seq < event.clock
                or any(e.name == ".add_param_group" for e in p.calls("add_param_group"))
                or "optimizer" in new.kind
            ):
                continue
            if any(f.name == "__init__" and f.owner is change.recv.owner for f in change.funcs):
                continue
            if any(m is new for _, other, ms in ownership.optimizers(p) if other is not optimizer for m in ms):
                continue
            later = [
                o
                for made, o, ms in ownership.optimizers(p)
                if o is not optimizer and made.seq > change.seq and any(ownership.contains(m, new) for m in ms)
            ]
            if later or (change.kind == "attribute" and _known_before(change)):
                continue
            yield p.report(
                "SB117",
                q.beside(change, event),
                "a layer is replaced after the optimizer was built: the optimizer never updates the new parameters",
                why=f"the optimizer (line {event.line}) still holds the old tensors; the new layer is not in the "
                f"optimizer and stays at its random start",
                fix="Build the optimizer after the model is complete",
                related=((str(event.src.path), event.line, "the optimizer"),),
            )
        yield from _made_again(p, event, modules)
        yield from _remade(p, event, optimizer, used[-1])


def _remade(p: Program, event: Event, optimizer: Val, last: Event) -> Iterator[Finding]:
    """Parameters that a call replaces by new ones: weights that are loaded by assignment, or split by weight_norm."""
    loads = [e for e in p.once("restore") if (flag := e.arg(2, "assign")) is not None and flag.const is True]
    splits = [e for e in p.once("call") if e.name.startswith("torch.nn.utils") and e.name.endswith(".weight_norm")]
    whole = {id(m) for m in ownership.held(optimizer)}
    for change in (*loads, *splits):
        said = "load_state_dict(assign=True)" if change.kind == "restore" else "weight_norm()"
        target = change.recv if change.kind == "restore" else change.arg(0, "module")
        if target is None or not event.seq < change.seq < last.seq:
            continue
        owners = [v for v in ancestors(target, limit=40) if v.kind == "module"]
        if not any(id(o) in whole for o in owners) or p.calls("add_param_group"):
            continue
        yield p.report(
            "SB117",
            q.beside(change, event),
            f"{said} replaces the parameters after the optimizer was built: the optimizer still holds the old ones, "
            "the new ones are never updated",
            why=f"the optimizer (line {event.line}) was given tensors that the model no longer uses",
            fix=f"Call {said} first, and build the optimizer after it",
            related=((str(event.src.path), event.line, "the optimizer"),),
        )


def _made_again(p: Program, event: Event, modules: list[Val]) -> Iterator[Finding]:
    """A whole model that was made a second time after its optimizer."""
    trained = training.trained_modules(p)
    if (
        trained
        and not q.gives_gradients(p)  # those of a copy, which a worker writes into the model that all share
        and all(t.kind == "module" for t in trained)
        and not any(ownership.related(m, t) for m in modules for t in trained)
    ):
        for model in trained:
            old = next(
                (m for m in modules if m.name == model.name and m.seq < model.seq and (m.owner or m.var == model.var)),
                None,
            )
            if old is None or old is model:
                continue
            bound = [e for _, v, e in p.assigns if v is model]
            yield p.report(
                "SB117",
                min(bound, key=lambda e: len(e.funcs)) if bound else model if model.node is not None else event,
                "the model is made again after the optimizer was built: the optimizer still holds the parameters of "
                "the old model, so the new model is never updated",
                why=f"the optimizer (line {event.line}) updates tensors that the trained model no longer uses",
                fix="Build the optimizer from the parameters of the model that is trained",
                related=((str(event.src.path), event.line, "the optimizer"),),
            )
            break


def _replaced(p: Program, change: Event) -> list[Val]:
    """The layer that had the place before: an optimizer may hold it alone, in a group of its own."""
    earlier = [
        e
        for e in p.all(change.kind)
        if e.seq < change.seq and e.name == change.name and e.recv is change.recv and e.args
    ]
    return list(earlier[-1].args[-1].options()) if earlier else []


def _has_weights(val: Val) -> bool:
    if val.kind == "module":
        return any(
            m.name.startswith(ownership.WEIGHTED) or "external" in m.tags or "Norm" in m.name
            for m in methods.submodules(val)
        )
    return val.kind == "tensor" and val.name == "Parameter"


def _known_before(change: Event) -> bool:
    """In ``__init__`` of another object the model is only stored, not changed."""
    return change.recv is not None and change.recv.kind not in ("module",)
