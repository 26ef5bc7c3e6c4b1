"""The moving average is never updated or never used.

## What it does

Finds averages or target networks that are made and used but never updated.

## Why is this bad

They stay at the random start.

## Example

```python
import copy
model = nn.Linear(4, 3)
ema_model = copy.deepcopy(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
print(ema_model(x).argmax(1))
```

## Use instead

```python
import copy
model = nn.Linear(4, 3)
ema_model = copy.deepcopy(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        for pe, pm in zip(ema_model.parameters(), model.parameters()):
            pe.lerp_(pm, 0.01)
print(ema_model(x).argmax(1))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete:
        return
    for name, val, event in p.assigns:
        if val.kind != "module" or val.copied is None or "deepcopy" not in val.tags or event.result is not val:
            continue
        if (
            not set(words(name)) & {"ema", "avg", "averaged", "swa", "target", "shadow", "tgt"}
            or event.loops
            or not training.learns(p, val.copied)
        ):
            continue
        moved = [
            e
            for e in p.all("inplace", "attribute", "augment", "setitem")
            if e.recv is not None and any(m is s for m in ownership.modules_of(e.recv) for s in methods.submodules(val))
        ]
        moved += [e for e in p.all("restore", "average") if e.recv is val] + [
            e for e in p.all("manual") if e.recv is not None and val in ownership.modules_of(e.recv)
        ]
        moved += _at_once(p, val)
        passed = [
            e for e in p.all("call", "make") if val in [*e.args, *e.kwargs.values()] and not e.name.startswith("copy")
        ]
        stepped = any(val in ownership.held(o) for _, o, _ in ownership.optimizers(p))
        used = [e for e in training.forwards(p) if e.recv is val]
        if moved and not passed and not stepped and used and (own := _from_itself(val, moved)) is not None:
            yield _itself(p, own, name)
            continue
        if moved or passed or stepped or not used:
            continue
        yield p.report(
            "SB605",
            event,
            f"{name} is a copy that is used but never updated: it stays at the initial weights",
            why="nothing copies or averages the trained weights into it",
            fix="Update it after every step (average), or load the trained weights every few steps (target network)",
            related=((str(used[0].src.path), used[0].line, "it is used here"),),
        )
    yield from _evaluated_copies(p)
    yield from _swa(p)
    yield from _backwards(p)


def _at_once(p: Program, copy: Val) -> list[Event]:
    """The calls that change all tensors of a list in place, a copy's among them: ``torch._foreach_lerp_``."""
    calls = [e for e in p.all("call") if "_foreach_" in e.name and e.name.endswith("_") and e.args]
    return [e for e in calls if any(ownership.contains(m, copy) for m in ownership.modules_of(e.args[0]))]


def _from_itself(copy: Val, moved: list[Event]) -> Event | None:
    """The update in which a copy is averaged with nothing but its own weights."""
    parts = methods.submodules(copy)
    found = None
    for event in moved:
        sources = [m for a in event.args for m in ownership.modules_of(a)]
        if event.kind != "inplace" or any(not any(s is part for part in parts) for s in sources):
            return None
        if sources and event.name in ("add_", "lerp_", "copy_"):
            found = event
        elif not sources and any(a.kind != "const" for a in event.args[:1]) and event.name != "mul_":
            return None
    return found


def _itself(p: Program, event: Event, name: str) -> Finding:
    return p.report(
        "SB605",
        event,
        f"the moving average {name} is averaged with itself: its own parameters are on both sides, so it never moves",
        why="the trained model's parameters do not take part in the update",
        fix=f"Pair {name}.parameters() with the parameters of the trained model",
    )


def _backwards(p: Program) -> Iterator[Finding]:
    """``soft_update(model, target)`` with the two the wrong way round: the trained model is pulled to its copy."""
    seen: set[int] = set()
    for event in p.all("inplace"):
        if event.name not in ("copy_", "lerp_", "add_") or event.recv is None or not event.args or not event.loops:
            continue
        owners = [m for m in ownership.modules_of(event.recv) if m.copied is None]
        sources = [m for m in ownership.modules_of(event.args[0]) if m.kind == "module" and "deepcopy" in m.tags]
        pair = next(((o, s) for o in owners for s in sources if s.copied is o), None)
        if pair is None or id(pair[1]) in seen or (event.name == "copy_" and event.args[0].name not in ("add", "lerp")):
            continue
        if event.name == "add_" and event.recv.name != "mul_":
            continue
        model, copy = pair
        if not training.learns(p, model) or not any(
            any(h is model for h in ownership.held(o)) for _, o, _ in ownership.optimizers(p)
        ):
            continue
        parts = methods.submodules(copy)
        moved = [
            e
            for e in p.all("inplace", "restore", "average")
            if e.recv is not None and any(m is s for m in ownership.modules_of(e.recv) for s in parts)
        ]
        if moved:
            continue
        seen.add(id(copy))
        yield p.report(
            "SB605",
            event.sites[-1] if event.sites else event,
            f"the average goes in the wrong direction: {model.var or 'the model'} is pulled to its copy "
            f"{copy.var or ''}, and the copy (target) itself is never updated: the two are swapped",
            why="training is undone a little in every step, and the copy keeps the initial weights",
            fix="Swap the two arguments: the copy is changed, the trained model is read",
            related=(q.place(copy),),
        )


def _swa(p: Program) -> Iterator[Finding]:
    """An ``AveragedModel`` that is evaluated without one ``update_parameters()``."""
    for name, val, event in p.assigns:
        if val.kind != "module" or val.name != "AveragedModel" or event.result is not val:
            continue
        if any(q.same(e.recv, val) for e in p.all("average", "restore")) or event.loops:
            continue
        used = [e for e in training.forwards(p) if q.same(e.recv, val)]
        passed = [e for e in p.all("call", "make") if any(a is val for a in (*e.args, *e.kwargs.values()))]
        if used and not any(e.name.rsplit(".", 1)[-1] != "update_bn" for e in passed):
            first = [
                e for e in (*p.calls("update_bn"), *p.all("mode")) if any(q.same(a, val) for a in (*e.args, e.recv))
            ]
            at = min([*first, used[0]], key=lambda e: e.seq)
            yield p.report(
                "SB605",
                q.beside(at, event),
                f"{name} is an AveragedModel (SWA/EMA), but update_parameters() is never called: it stays at the "
                "initial weights",
                why="AveragedModel averages only when it is told to",
                fix=f"Call {name}.update_parameters(model) after the updates that should be averaged",
                related=(q.place(val),),
            )


def _evaluated_copies(p: Program) -> Iterator[Finding]:
    """Copies that are evaluated in every epoch and never changed."""
    named = {id(v) for n, v, _ in p.assigns if "deepcopy" in v.tags and set(words(n)) & {"ema", "avg", "target", "swa"}}
    seen: set[int] = set()
    for event in training.forwards(p):
        copy = event.recv
        if (
            copy is None
            or copy.kind != "module"
            or "deepcopy" not in copy.tags
            or id(copy) in named
            or id(copy.node) in seen
        ):
            continue
        if (
            not event.loops
            or copy.copied is None
            or not training.learns(p, copy.copied)
            or training.trained_output(p, event.result)
        ):
            continue
        if any(n in copy.loops for n in (r.node for r in event.loops)) or not any(
            b.inside(event.loops[0]) for b in p.all("backward")
        ):
            continue
        parts = methods.submodules(copy)
        touched = [
            e
            for e in p.all("inplace", "attribute", "augment", "restore", "average", "manual", "setitem")
            if e.recv is not None
            and any(m is s or ownership.contains(m, copy) for m in ownership.modules_of(e.recv) for s in parts)
        ]
        passed = [
            e for e in p.all("call", "make") if copy in [*e.args, *e.kwargs.values()] and not e.name.startswith("copy")
        ]
        if (
            touched
            or passed
            or _at_once(p, copy)
            or any(copy in ownership.held(o) for _, o, _ in ownership.optimizers(p))
        ):
            continue
        seen.add(id(copy.node))
        yield p.report(
            "SB605",
            q.site(event, event.loops[0]),
            "a copy of the model is evaluated in every epoch but never updated: it stays at the initial weights",
            why="nothing copies or averages the trained weights into it (its update is never called)",
            fix="Call its update after every optimizer step",
            related=(q.place(copy),),
        )
