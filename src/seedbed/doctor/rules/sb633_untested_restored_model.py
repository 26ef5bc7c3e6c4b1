"""The best weights are loaded into one model, but another one is tested.

## What it does

Finds a model that is built anew, gets the saved weights of the trained model and is never called, while the trained
model itself, with its last weights, is measured afterwards.

## Why is this bad

The test measures the weights of the last epoch. Keeping the best epoch has no effect, and nothing fails.

## Example

```python
def build():
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))

def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()

model = build()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
best = 0.0
for epoch in range(20):
    model.train()
    optimizer.zero_grad()
    F.cross_entropy(model(x_train), y_train).backward()
    optimizer.step()
    score = accuracy(model, x_val, y_val)
    if score > best:
        best = score
        torch.save(model.state_dict(), "best.pt")
best_model = build()
best_model.load_state_dict(torch.load("best.pt"))
print(accuracy(model, x_test, y_test))
```

## Use instead

```python
def build():
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))

def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()

model = build()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
best = 0.0
for epoch in range(20):
    model.train()
    optimizer.zero_grad()
    F.cross_entropy(model(x_train), y_train).backward()
    optimizer.step()
    score = accuracy(model, x_val, y_val)
    if score > best:
        best = score
        torch.save(model.state_dict(), "best.pt")
best_model = build()
best_model.load_state_dict(torch.load("best.pt"))
print(accuracy(best_model, x_test, y_test))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import best, ownership, syntax, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.methods import submodules
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_IDLE = frozenset(["assign", "mode", "discard", "restore", "moved", "make", "attribute", "requires_grad_"])

_PREPARED = frozenset(["eval", "train", "to", "cuda", "cpu", "float", "requires_grad_", "load_state_dict"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or not p.trains:
        return
    for event in p.once("restore"):
        fresh = event.recv
        if fresh is None or fresh.kind != "module" or event.loops or not event.args:
            continue
        if training.learns(p, fresh) or _used(p, event, fresh):
            continue
        for measured in training.evaluations(p):
            other = measured.recv
            if measured.seq < event.seq or other is None or other.kind != "module" or other is fresh:
                continue
            if not _alike(fresh, other) or not _weights_of(p, event, other):
                continue
            loaded, tested = fresh.var or "the new model", other.var or "the trained model"
            yield p.report(
                "SB633",
                q.site(measured),
                f"{loaded} gets the best weights but is never used: the evaluation runs {tested}, with the weights of "
                "its last epoch",
                why="the loaded checkpoint has no effect on the reported score",
                fix=f"Evaluate {loaded} here, or load the weights back into {tested}",
                related=((str(event.src.path), event.line, "the weights are loaded here"),),
            )
            break


def _used(p: Program, restore: Event, fresh: Val) -> bool:
    """Whether the model that was filled is used for anything afterwards, as far as can be seen."""
    parts = {id(fresh)}
    for event in p.events:
        if event.seq <= restore.seq or event.kind in _IDLE or event.node is restore.node:
            continue
        if event.kind == "call" and event.recv is fresh and event.name.rsplit(".", 1)[-1] in _PREPARED:
            continue
        given = [*event.args, *event.kwargs.values(), *([event.recv] if event.recv is not None else [])]
        if event.kind == "return" and event.result is not None and event.funcs[:1] == ():
            given.append(event.result)
        if any(id(v) in parts or (v.kind == "phi" and any(id(o) in parts for o in v.options())) for v in given):
            return True
        if any(v is fresh for g in given if g.kind not in ("module", "number") for v in ancestors(g, limit=25)):
            return True
    return _named_out_of_sight(p, restore, fresh)


def _named_out_of_sight(p: Program, restore: Event, fresh: Val) -> bool:
    """Whether its name is read in a function that the reading did not come through, or kept in an object."""
    names = {n for n, v, _ in p.assigns if v is fresh}
    if not names:
        func = restore.node.func if isinstance(restore.node, ast.Call) else None
        return not (isinstance(func, ast.Attribute) and func.value is fresh.node)  # built for this one call
    for func in q.nodes(p, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda):
        if func.lineno <= restore.line <= (func.end_lineno or 0):
            continue
        if any(isinstance(n, ast.Name) and n.id in names and isinstance(n.ctx, ast.Load) for n in syntax.walk(func)):
            given = getattr(func, "args", None)
            if given is None or not names & {a.arg for a in given.args}:
                return True
    return False


def _alike(one: Val, other: Val) -> bool:
    """Whether two models are built in the same way."""
    if one.name != other.name or one.owner is not other.owner:
        return False
    return {s.name for s in submodules(one)} == {s.name for s in submodules(other)}


def _before_the_end(p: Program, save: Event, trained: Val) -> bool:
    """Whether training went on after a save: otherwise both models have the same weights."""
    return bool(save.loops) or any(e.seq > save.seq for e in p.all("step", "scaler_step", "backward"))


def _weights_of(p: Program, restore: Event, trained: Val) -> bool:
    """Whether what is loaded are kept weights of the trained model: a copy of its state, or the file of it."""
    parts = list(ancestors(restore.args[0], limit=60))
    if any(v is trained for v in parts) or any(trained in ownership.modules_of(v) for v in parts if v.kind == "state"):
        return True
    loads = [e for e in p.all("load") if e.result is not None and any(v is e.result for v in parts)]
    paths = {best.path_key(e.args[0]) for e in loads if e.args}
    for save in p.all("save"):
        if len(save.args) > 1 and best.path_key(save.args[1]) in paths and _before_the_end(p, save, trained):
            return trained in ownership.modules_of(save.args[0])
    return False
