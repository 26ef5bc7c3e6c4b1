"""Loaded weights are overwritten by a new initialisation.

## What it does

Finds loaded weights that are overwritten: by a new model or by a new initialisation.

## Why is this bad

The pretrained or best weights are lost again.

## Example

```python
model = nn.Linear(4, 3)
model.load_state_dict(torch.load("weights.pt"))
model = nn.Linear(4, 3)
print(model(torch.randn(8, 4)))
```

## Use instead

```python
model = nn.Linear(4, 3)
model.load_state_dict(torch.load("weights.pt"))
print(model(torch.randn(8, 4)))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.methods import submodules
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("restore"):
        model = event.recv
        if model is None or model.kind != "module":
            continue
        later = [
            e for e in p.all("apply", "init") if e.seq > event.seq and e.recv is not None and e.loops == event.loops
        ]
        later = [
            e
            for e in later
            if (
                e.recv is model
                or any(ownership.contains(model, m) for m in ownership.modules_of(e.recv) if e.kind == "init")
            )
        ]
        later += [
            e
            for e in p.calls("reset_parameters")
            if e.name == ".reset_parameters"
            and e.recv is not None
            and e.seq > event.seq
            and any(ownership.contains(model, m) for m in e.recv.options() if m.kind == "module")
        ]
        later = [e for e in later if q.same_branch(e, event)]
        whole = [e for e in later if e.kind == "apply" and any(i.seq > e.seq - 60 for i in p.all("init"))]
        inits = [e for e in later if e.kind == "init" and (e.funcs and e.funcs[-1].name != "__init__")]
        if whole or (inits and len(inits) > 1):
            at = q.beside((whole or inits)[0], event)
            yield p.report(
                "SB608",
                at,
                "the loaded weights are overwritten by a new initialisation",
                why=f"load_state_dict() at line {event.line} runs before it",
                fix="Initialise first, then load",
                related=((str(event.src.path), event.line, "load_state_dict()"),),
            )
            continue
        yield from _created_again(p, event, model)


_READS = frozenset([".state_dict", ".named_parameters", ".named_modules", ".named_children"])


def _from_the_old(new: Val, old: Val) -> bool:
    """Whether a module holds parts of the old one: ``nn.Sequential(*list(old.children())[:3])``."""
    parts = {id(s) for s in submodules(old)}
    return any(id(s) in parts for s in submodules(new)) or any(
        old in v.options() for a in (*new.args, *new.kwargs.values()) for v in ancestors(a, limit=60)
    )


def _created_again(p: Program, event: Event, model: Val) -> Iterator[Finding]:
    """A model that is made again after its weights were loaded."""
    made = [
        e
        for n, v, e in p.assigns
        if n == model.var
        and v.kind == "module"
        and v is not model
        and e.seq > event.seq
        and v.name == model.name
        and v.copied is None
        and not _from_the_old(v, model)
    ]
    used = [e for e in training.forwards(p) if e.recv is model and e.seq > event.seq] or [
        e
        for e in p.all("save", "call")
        if e.seq > event.seq and (model in e.args or (e.recv is model and e.name in _READS))
    ]
    fresh = [
        e
        for e in made
        if e.result is not None
        and e.loops == event.loops
        and len(e.conds) <= len(event.conds)
        and q.same_branch(e, event)
        and any(v is model and first.src is e.src and first.funcs == e.funcs for _, v, first in p.assigns)
    ]
    if fresh and not used and not any(q.same(r.recv, fresh[0].result) for r in p.all("restore")):
        yield p.report(
            "SB608",
            fresh[0],
            f"{model.var} is created again after its weights were loaded: they are lost",
            why=f"load_state_dict() at line {event.line} filled the old object",
            fix="Load the weights into the model that is used",
            related=((str(event.src.path), event.line, "load_state_dict()"),),
        )
