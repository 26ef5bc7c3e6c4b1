"""The weights are updated on validation or test data.

## What it does

Finds weights that are updated on validation or test data.

## Why is this bad

The model has seen what it is measured on: the score is too good.

## Example

```python
for x, y in val_loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
for x, y in train_loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import measures, ownership, rounds, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    # a part that is cut again holds training data too, however it is called: dev, test = ...; fit, val = ...(dev)
    developed = {id(a) for e in p.calls("train_test_split") for a in e.args if a.split == "val"}
    for event in training.forwards(p):
        if not event.grad or not training.updates(p, event.result) or id(event.node) in seen or not event.loops:
            continue
        step = [s for s in p.all("step") if s.loop is not None and s.inside(event.loops[-1])]
        split = rounds.loop_split(event.loops[-1]) if rounds.is_loader_loop(event.loops[-1]) else ""
        direct = any(
            v.split in ("val", "test") and v.name in ("train_test_split", "batch") and id(v) not in developed
            for a in event.args
            for v in ancestors(a, limit=100)
        )
        mixed = any(v.split == "train" for a in event.args for v in ancestors(a, limit=100))
        if not step or mixed or not (split in ("val", "test") or direct):
            continue
        if _local(event) or not any(_moves(p, s, event) for s in step) or _unlabelled(p, event):
            continue
        if any(set(words(f.name)) & {"adapt", "tta", "finetune", "probe"} for f in event.funcs):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB312",
            _asked(p, event, step[0]),
            "the weights are trained on validation or test data: optimizer.step() runs in the evaluation loop",
            why="the model learns what it is measured on (validation data), so the score says nothing about new data",
            fix="Remove backward() and step() from the evaluation, and wrap it in torch.no_grad()",
            related=((str(event.src.path), event.line, "the forward pass on held-out data"),),
        )
    yield from _fitted(p, seen)
    for final in p.once("step"):
        loop = final.loop
        if (
            loop is None
            or not rounds.is_eval_loop(loop)
            or id(final.node) in seen
            or any(b.inside(loop) for b in p.all("backward"))
        ):
            continue
        runs = [e for e in training.forwards(p) if e.inside(loop)]
        if (
            runs
            and p.trains
            and not any(s.node is final.node and not rounds.is_eval_loop(s.loop) for s in p.all("step"))
        ):
            yield p.report(
                "SB312",
                final,
                "optimizer.step() runs in the validation loop: the weights change during evaluation",
                why="it applies left-over gradients once for every batch of held-out data",
                fix="Remove optimizer.step() from the evaluation",
            )


def _asked(p: Program, event: Event, step: Event) -> Event | Place:
    """Where it is the caller's choice whether a function trains: the call for the held-out data, else the step."""
    for other in training.forwards(p):
        if other.node is event.node and other.loops and rounds.loop_split(other.loops[-1]) == "train":
            choices = (n for f in step.funcs[-1:] for n in ast.walk(f.node) if isinstance(n, ast.If))
            chosen = any(m is step.node for n in choices for m in ast.walk(n))
            return q.beside(event, other) if chosen else step
    return step


def _fitted(p: Program, seen: set[int]) -> Iterator[Finding]:
    """A loss that is minimised on the very test rows on which a score is reported: a temperature, a last layer."""
    pairs = [(e, e.args[0], e.args[1]) for e in p.all("loss") if len(e.args) > 1]
    pairs += measures.equalities(p)
    reported = {id(f.core(side)) for e, a, b in pairs if not p.trained(e.result) for side in (a, b)}
    for event in p.once("loss"):
        if len(event.args) < 2 or not training.updates(p, event.result) or id(event.node) in seen:
            continue
        goal = f.core(event.args[1])
        if goal.split != "test" or id(goal) not in reported or not event.grad or not _stepped(p, event):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB312",
            event,
            "parameters are fitted on the test set: this loss is minimised on the rows whose score is reported",
            why="what is tuned on the test labels (weights, a temperature) makes their score too good: a leak",
            fix="Fit on validation data and measure the test set once",
        )


def _stepped(p: Program, loss: Event) -> bool:
    """Whether an optimizer steps on this loss, and what it holds is no change of the very inputs (an attack)."""
    backs = [b for b in p.all("backward") if b.recv is not None and any(v is loss.result for v in ancestors(b.recv))]
    for step in p.all("step"):
        handed = {getattr(a.owner, "name", "") for a in step.args if a.kind == "func"}
        near = any(s.loops == step.loops and s.funcs == step.funcs for s in backs)
        if not near and not any(b.funcs and b.funcs[-1].name in handed for b in backs):
            continue
        for one in step.recv.options() if step.recv is not None else ():
            source = one.args[0] if one.kind == "optimizer" and one.args else None
            if source is not None and not any(v.split == "test" for v in ancestors(source, limit=60)):
                return True
    return False


def _local(event: Event) -> bool:
    """Whether the model is a copy made for this very batch or task: it is adapted, and thrown away."""
    made = list(event.recv.options()) if event.recv is not None else []
    frames = {id(r.node) for r in event.loops}
    return bool(made) and all("deepcopy" in o.tags and any(id(n) in frames for n in o.loops) for o in made)


def _moves(p: Program, step: Event, event: Event) -> bool:
    """Whether the optimizer moves the weights of this model, not something beside them that is tuned here."""
    if step.recv is None or event.recv is None:
        return True
    for one in step.recv.options():
        if one.kind != "optimizer":
            return True
        source = one.args[0] if one.args else one.kwargs.get("params")
        items = source.items if source is not None and source.kind in ("list", "tuple") else None
        if items and all(i.kind == "tensor" for i in items) and len(ownership.optimizers(p)) > 1:
            continue  # a temperature, a threshold, architecture weights: chosen on validation data
        held = ownership.held(one)
        if not held or any(ownership.related(h, m) for h in held for m in event.recv.options() if m.kind == "module"):
            return True
        if any(m.kind != "module" for m in event.recv.options()):
            return True
    return False


def _unlabelled(p: Program, event: Event) -> bool:
    """Whether the loss is made of outputs alone, like an entropy: the batch is adapted to, its labels are not used."""
    frame = event.loops[-1]
    backs = [b for b in p.all("backward") if b.loops and b.loops[-1].node is frame.node and b.recv is not None]
    parts = [v for b in backs if b.recv is not None for v in ancestors(b.recv)]
    if not backs or any(v.kind == "tensor" and v.name == "loss" and len(v.args) > 1 for v in parts):
        return False
    entropy = any(v.name in ("log", "log_softmax") for v in parts) and any(v.name == "softmax" for v in parts)
    data = {id(a) for a in event.args}
    others = [v for v in parts if v.name == "batch" and v.kind == "tensor" and id(v) not in data]
    return entropy and not others
